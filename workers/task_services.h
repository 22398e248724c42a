/* What a running task may ask of the engine: the answers behind the Task SDK's requests. The supervisor calls these on
 * the loop thread; done is called on the loop thread on a later turn, with err NULL when all is well. Text given to
 * done is valid during that call. workers/services.h answers out of the database, a fake in tests. */
#ifndef HK_WORKERS_TASK_SERVICES_H
#define HK_WORKERS_TASK_SERVICES_H

#include "scheduler/executor.h"

struct hk_xcom_ref {
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str task_id;
    struct hk_str key;
    int32_t map_index;
};

struct hk_task_services {
    void *context;

    /* XCom value as JSON (HK_NOT_FOUND: none). include_prior: newest of an earlier run when this run has none. */
    void (*xcom_get)(void *context, const struct hk_xcom_ref *ref, bool include_prior,
                     void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* All values of a key, map indexes ascending: a JSON array. */
    void (*xcom_list)(void *context, const struct hk_xcom_ref *ref, bool include_prior,
                      void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    void (*xcom_set)(void *context, const struct hk_xcom_ref *ref, struct hk_str json,
                     void (*done)(void *arg, struct hk_str unused, const struct hk_error *err), void *arg);
    void (*xcom_delete)(void *context, const struct hk_xcom_ref *ref,
                        void (*done)(void *arg, struct hk_str unused, const struct hk_error *err), void *arg);

    /* Value as text (not JSON). */
    void (*variable_get)(void *context, struct hk_str key,
                         void (*done)(void *arg, struct hk_str value, const struct hk_error *err), void *arg);
    void (*variable_set)(void *context, struct hk_str key, struct hk_str value, struct hk_str description,
                         void (*done)(void *arg, struct hk_str unused, const struct hk_error *err), void *arg);
    void (*variable_delete)(void *context, struct hk_str key,
                            void (*done)(void *arg, struct hk_str unused, const struct hk_error *err), void *arg);
    /* {"keys": [...], "total_entries": n} */
    void (*variable_keys)(void *context, struct hk_str prefix, int64_t limit, int64_t offset,
                          void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* {"conn_id","conn_type","host","schema","login","password","port","extra"} */
    void (*connection_get)(void *context, struct hk_str conn_id,
                           void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);

    /* {"dag_id","run_id","logical_date",...} as the SDK's DagRunResult fields. */
    void (*run_get)(void *context, struct hk_str dag_id, struct hk_str run_id,
                    void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* The newest run of the DAG before logical_at_us (state empty: any state); HK_NOT_FOUND: none. */
    void (*run_previous)(void *context, struct hk_str dag_id, int64_t logical_at_us, struct hk_str state,
                         void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* {"count": n}: filters is the request's own body as JSON (dag_id, run_ids, states, task_ids, ...). */
    void (*run_count)(void *context, struct hk_str filters_json,
                      void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    void (*task_count)(void *context, struct hk_str filters_json,
                       void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* {"run_id": {"task_id" or "task_id_<map_index>": "state"}} */
    void (*task_states)(void *context, struct hk_str filters_json,
                        void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* Rendered template fields of a try, as a JSON object; kept for GET taskInstances. */
    void (*rendered_set)(void *context, const struct hk_job_key *key, struct hk_str json,
                         void (*done)(void *arg, struct hk_str unused, const struct hk_error *err), void *arg);

    /* The rest may be NULL: the task is then told that hanok cannot answer yet. */
    /* {"breadcrumbs": [{"task_id","map_index","state","operator","duration"}]} of the finished tasks of a run. */
    void (*breadcrumbs)(void *context, struct hk_str dag_id, struct hk_str run_id,
                        void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* The SDK's PreviousTIResponse for the request's own body (dag_id, task_id, logical_date, map_index, state). */
    void (*task_previous)(void *context, struct hk_str filters_json,
                          void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
    /* {"dag_id","is_paused","bundle_name","bundle_version","relative_fileloc","owners","tags","next_dagrun"} */
    void (*dag_get)(void *context, struct hk_str dag_id,
                    void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);
};

#endif
