/* What is wrong with DAG files, for those who look; dag_store.h writes it. Texts in rows are valid during the call that
 * hands them out. */
#ifndef HK_STORE_IMPORT_ERROR_QUERY_H
#define HK_STORE_IMPORT_ERROR_QUERY_H

#include "engine/store/filter.h"

struct hk_import_error_info {
    int64_t import_error_id;
    int64_t happened_us;
    const char *filename;
    const char *bundle_name;
    struct hk_str stack_trace;
};

struct hk_import_error_filter {
    struct hk_search filename_search;
    struct hk_str filename;    /* data NULL: any */
    struct hk_str bundle_name; /* data NULL: any */
};

extern const struct hk_order_field hk_import_error_orders[];

typedef bool (*hk_import_error_info_fn)(void *arg, const struct hk_import_error_info *row);
HK_MUST_USE bool hk_store_import_error_list(struct hk_db *db, const struct hk_import_error_filter *filter,
                                            const struct hk_page *page, hk_import_error_info_fn each, void *arg,
                                            int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_import_error_find(struct hk_db *db, int64_t import_error_id, hk_import_error_info_fn each,
                                            void *arg, bool *found, struct hk_error *err);

#endif
