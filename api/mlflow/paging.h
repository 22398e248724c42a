/* What the searches have in common: `filter`, `order_by`, `max_results` and `page_token`, and the token of the next
 * page. A token is the place in the order, as MLflow's: {"offset": N} in base64. One that names the last row instead
 * would not be repeated by rows that come in between, but orders by metrics, tags and params with their missing values
 * would need it in as many shapes, and what is passed over costs a tenth of a microsecond a row. */
#ifndef HK_API_MLFLOW_PAGING_H
#define HK_API_MLFLOW_PAGING_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/store/ml_search.h"

struct hk__ml_paging {
    enum hk_search_kind kind;
    int64_t usual;      /* max_results when it is not given */
    int64_t most;       /* 0: any, as far as the request's own check goes */
    int64_t store_most; /* what the second check says */
};

/* Fills search->filter, orders, limit and offset; whatever is wrong becomes the mistake. */
void hk__ml_search_arguments(struct hk__ml_arguments *args, const struct hk__ml_paging *paging,
                             struct hk_ml_search *search);

/* The place that page_token names. */
int64_t hk__ml_page_token(struct hk__ml_arguments *args);
/* The ids of experiments, which may be numbers, too; unknown ones find nothing. */
void hk__ml_search_experiments(struct hk__ml_arguments *args, const json_t *ids, struct hk_ml_search *search);

/* The strings of a list: an array, or a repeated parameter of a GET. `index` counts from 0; data NULL: no more. */
struct hk_str hk__ml_listed(struct hk__ml_arguments *args, const json_t *array, const char *name, size_t index);

/* "ACTIVE_ONLY", "DELETED_ONLY", "ALL" or their numbers 1, 2, 3: "active", "deleted", NULL. */
const char *hk__ml_view_type(struct hk__ml_arguments *args, const char *name);

/* An answer with one list, which is left out when it is empty, as protobuf does. */
struct hk__ml_listing {
    struct hk_db *db;
    struct hk_json w;
    const char *name;
    struct hk_arena *arena;
    struct hk_error *err;
    bool is_begun;
};
void hk__ml_listing_open(struct hk__ml_listing *list, struct hk_response *res);
struct hk_json *hk__ml_listing_item(struct hk__ml_listing *list); /* an item is to be written */
/* search NULL: there are no pages. */
void hk__ml_listing_close(struct hk__ml_listing *list, const struct hk_ml_search *search,
                          const struct hk_ml_found *found);

/* "next_page_token", where there is a next page. */
void hk__ml_write_next_page(struct hk_json *w, struct hk_arena *arena, const struct hk_ml_search *search,
                            const struct hk_ml_found *found);

#endif
