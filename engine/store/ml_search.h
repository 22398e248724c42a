/* MLflow's searches: the terms and orders of engine/tracking/search.h become a statement that finds the keys of one
 * page, in order. What is on the page is then read by the stores of those things. Any connection.
 *
 * A search over very many runs is begun where there is least to look at. Few rows of a param, a tag or a metric match:
 * those are looked up and the rest is checked run by run. Many match and the page is ordered by a metric: the index of
 * that metric is walked in its order until the page is full. Else the runs of the experiments are walked, the newest
 * first. How many match is counted in the indexes, up to a limit. Where a walk is not the order of the page, goes deep
 * or finds little (a pattern that nothing matches, which no index tells), all runs are read in the order of the tables,
 * and sorted: that takes three times less than looking them up here and there. */
#ifndef HK_STORE_ML_SEARCH_H
#define HK_STORE_ML_SEARCH_H

#include "engine/base/arena.h"
#include "engine/store/db.h"
#include "engine/tracking/search.h"

struct hk_ml_dataset {
    struct hk_str name;   /* data NULL: any */
    struct hk_str digest; /* data NULL: any */
};

struct hk_ml_search {
    struct hk_search_filter filter;
    const struct hk_search_order *orders; /* at most HK_MAX_SEARCH_ORDERS; what MLflow breaks ties with is added */
    size_t order_count;
    const int64_t *experiments; /* runs, traces, logged models: in any of these; none: nothing is found */
    size_t experiment_count;
    /* Logged models: only metrics on one of these data count, and there must be some. */
    const struct hk_ml_dataset *datasets;
    size_t dataset_count;
    const struct hk_ml_dataset *order_datasets; /* NULL, or one for each order: which values of a metric order */
    const char *lifecycle;                      /* runs, experiments: "active", "deleted"; NULL: both */
    int64_t limit;                              /* at least 1 */
    int64_t offset;
};

struct hk_ml_found {
    int64_t *keys; /* in the arena, in order */
    size_t count;  /* at most `limit` */
    bool has_more;
};

/* HK_INVALID where a pattern is too long. */
HK_MUST_USE bool hk_store_search_runs(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                      struct hk_ml_found *out, struct hk_error *err);
HK_MUST_USE bool hk_store_search_traces(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                        struct hk_ml_found *out, struct hk_error *err);
HK_MUST_USE bool hk_store_search_experiments(struct hk_db *db, const struct hk_ml_search *search,
                                             struct hk_arena *arena, struct hk_ml_found *out, struct hk_error *err);
HK_MUST_USE bool hk_store_search_models(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                        struct hk_ml_found *out, struct hk_error *err);
HK_MUST_USE bool hk_store_search_versions(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                          struct hk_ml_found *out, struct hk_error *err);
HK_MUST_USE bool hk_store_search_logged_models(struct hk_db *db, const struct hk_ml_search *search,
                                               struct hk_arena *arena, struct hk_ml_found *out, struct hk_error *err);

#endif
