/* Versions of DAGs, the source they were read from, and their graphs, for those who look. Texts in rows are valid
 * during the call that hands them out. */
#ifndef HK_STORE_VERSION_QUERY_H
#define HK_STORE_VERSION_QUERY_H

#include "engine/graph/graph.h"
#include "engine/store/filter.h"

struct hk_version_info {
    const char *version_id; /* UUID */
    int64_t number;
    const char *dag_id;
    const char *bundle_name;
    const char *bundle_version; /* NULL: not versioned */
    int64_t created_us;
    const char *dag_display_name;
};

struct hk_version_filter {
    struct hk_str dag_id;         /* data NULL: all */
    int64_t number;               /* -1: any */
    struct hk_str bundle_name;    /* data NULL: any */
    struct hk_str bundle_version; /* data NULL: any */
};

extern const struct hk_order_field hk_version_orders[];

typedef bool (*hk_version_info_fn)(void *arg, const struct hk_version_info *row);
HK_MUST_USE bool hk_store_version_list(struct hk_db *db, const struct hk_version_filter *filter,
                                       const struct hk_page *page, hk_version_info_fn each, void *arg, int64_t *total,
                                       struct hk_error *err);
/* number 0: the newest. *found false: none. */
HK_MUST_USE bool hk_store_version_find(struct hk_db *db, struct hk_str dag_id, int64_t number, hk_version_info_fn each,
                                       void *arg, bool *found, struct hk_error *err);

/* The file as it was. */
struct hk_source_info {
    struct hk_str content;
    int64_t number;
    const char *dag_display_name;
};
typedef bool (*hk_source_info_fn)(void *arg, const struct hk_source_info *row);
HK_MUST_USE bool hk_store_source_find(struct hk_db *db, struct hk_str dag_id, int64_t number, hk_source_info_fn each,
                                      void *arg, bool *found, struct hk_error *err);

/* The newest graph of a DAG, which need not be in its file any more: one reference. *out NULL when there is no such
 * DAG. */
HK_MUST_USE bool hk_store_dag_graph(struct hk_db *db, struct hk_str dag_id, struct hk_graph **out,
                                    struct hk_error *err);

#endif
