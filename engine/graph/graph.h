/* struct hk_graph: what somebody wrote in a DAG file, whatever the dialect, checked and made immutable.
 *
 * Every reader (dags/read_*) fills a struct hk_graph_builder and calls hk_graph_build, which checks names,
 * limits, edges and cycles and computes the order, the links and the priority weights. From then on nothing changes:
 * a graph owns its arena, is reference-counted, and may be read by any thread. A run keeps the graph version it began
 * with. Text is UTF-8 and NUL-terminated; a pointer that may be NULL says so. "json" fields hold a JSON document
 * that hanok hands through unparsed.
 *
 *     struct hk_graph_builder *b = hk_graph_builder_new();
 *     struct hk_graph *dag = hk_graph_builder_dag(b);
 *     dag->dag_id = hk_graph_builder_text(b, id);
 *     struct hk_task *t = hk_graph_builder_task(b, hk_str_from("extract"));
 *     hk_graph_builder_edge(b, "extract", "load");
 *     if (!hk_graph_build(b, &graph, err)) ...           (b is freed either way)
 *     hk_graph_unref(graph);
 */
#ifndef HK_GRAPH_GRAPH_H
#define HK_GRAPH_GRAPH_H

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/map.h"
#include "engine/graph/asset.h"
#include "engine/graph/task.h"

enum hk_schedule_kind {
    HK_SCHEDULE_NONE, /* external triggers only */
    HK_SCHEDULE_ONCE,
    HK_SCHEDULE_CONTINUOUS,
    HK_SCHEDULE_ASSETS, /* when its condition over assets holds */
    HK_SCHEDULE_CRON,   /* expression, zone */
    HK_SCHEDULE_DELTA,  /* every delta_us */
    HK_SCHEDULE_CRONS,  /* whenever one of several expressions says so; a trigger timetable */
};

struct hk_schedule {
    enum hk_schedule_kind kind;
    const char *expression; /* cron: five or six fields, presets already expanded; crons: one a line;
                               else NULL */
    const char *zone;       /* IANA name, or a fixed offset as "+09:00"; never NULL, "UTC" by default */
    int64_t delta_us;
    bool has_interval; /* true: data interval between two ticks, the run starts at its end
                          (CronDataIntervalTimetable);
                          false: a trigger timetable, interval of interval_us before the tick (0: none) */
    int64_t interval_us;
    const char *summary; /* Airflow's timetable_summary: "0 0 * * *", "None", "@once", "1 day, 0:00:00" */
};

/* One TaskGroup. Index 0 is the root, which has no id and no parent. */
struct hk_group {
    uint32_t index;
    uint32_t parent;
    const char *group_id; /* with its prefix, as tasks are named: "outer.inner"; NULL for the root */
    const char *label;    /* NULL: the last part of group_id */
    const char *tooltip;  /* NULL: none */
};

/* Whom a task waits for and who waits for it: task indexes, ascending. */
struct hk_links {
    const uint32_t *upstream;
    const uint32_t *downstream;
    uint32_t upstream_count;
    uint32_t downstream_count;
};

struct hk_graph {
    int refs; /* atomic; use hk_graph_ref */
    struct hk_arena arena;

    const char *dag_id;
    const char *display_name;     /* NULL: dag_id */
    const char *description;      /* NULL: none */
    const char *doc_md;           /* NULL: none */
    const char *fileloc;          /* absolute path of the file */
    const char *relative_fileloc; /* inside its bundle */
    const char *python_file;      /* what the Python host imports to find this DAG, absolute; NULL: fileloc */
    const char *bundle_name;
    const char *dialect; /* the reader: "airflow", "yaml" */
    const char **tags;
    uint32_t tag_count;
    const char *params_json;       /* {"n": {"value": 3, "schema": {}, "source": null, ...}}; NULL: {} */
    const char *default_args_json; /* NULL: {} */
    const char *owner_links_json;  /* NULL: {} */

    struct hk_schedule schedule;
    int64_t start_at_us; /* HK_TIME_NONE: none */
    int64_t end_at_us;   /* HK_TIME_NONE: none */
    bool catchup;
    bool is_fail_fast; /* the first failed task fails the others that have not finished */
    bool renders_native;
    bool has_success_callback; /* of the whole DAG: run by the Python host when a run has ended */
    bool has_failure_callback;
    int is_paused_upon_creation;          /* -1: not said */
    uint32_t max_active_runs;             /* 0: no limit */
    uint32_t max_active_tasks;            /* 0: no limit */
    uint32_t max_consecutive_failed_runs; /* 0: no limit */
    int64_t run_timeout_us;               /* 0: none */

    struct hk_asset *assets; /* that the condition or an outlet speaks of */
    uint32_t asset_count;
    struct hk_asset_node *condition; /* HK_SCHEDULE_ASSETS: when it runs */
    uint32_t condition_count;

    struct hk_task *tasks; /* in the file's order; index = position */
    uint32_t task_count;
    struct hk_group *groups;
    uint32_t group_count; /* at least 1 */

    /* Filled by hk_graph_build. */
    uint32_t edge_count;
    uint32_t *order;         /* task indexes, upstream before downstream */
    struct hk_links *scopes; /* by task, what setups and teardowns add to the edges (scope.c); NULL: nothing */
    struct hk_map by_id;
};

struct hk_graph_builder;

struct hk_graph_builder *hk_graph_builder_new(void);
void hk_graph_builder_free(struct hk_graph_builder *b); /* when giving up before hk_graph_build; NULL does nothing */

/* The graph under construction, defaults filled in as Airflow's: set its fields freely. */
struct hk_graph *hk_graph_builder_dag(struct hk_graph_builder *b);

/* Copies into the graph's arena. hk_graph_builder_text(b, NULL) is NULL. */
const char *hk_graph_builder_text(struct hk_graph_builder *b, const char *text);
const char *hk_graph_builder_str(struct hk_graph_builder *b, struct hk_str text);

/* A new task with Airflow's defaults (trigger rule all_success, pool default_pool, retry delay 300 s ...), or NULL when
 * the id was taken: the caller words that error. The pointer is valid until the next task is added. */
struct hk_task *hk_graph_builder_task(struct hk_graph_builder *b, struct hk_str task_id);
struct hk_task *hk_graph_builder_find_task(struct hk_graph_builder *b, struct hk_str task_id); /* NULL: absent */

/* Index of the new group, whose parent must exist. The root (0) is there from the start. */
uint32_t hk_graph_builder_group(struct hk_graph_builder *b, uint32_t parent, struct hk_str group_id);

/* May name tasks that are added later; unknown names, self-loops and cycles are refused by hk_graph_build. Repeats are
 * merged. */
void hk_graph_builder_edge(struct hk_graph_builder *b, struct hk_str upstream, struct hk_str downstream);

/* Checks and freezes. On success *out holds one reference. HK_INVALID (bad id, unknown edge, a cycle, which
 * is spelled out: "a -> b -> a"), HK_LIMIT. The builder is gone in both cases. */
HK_MUST_USE bool hk_graph_build(struct hk_graph_builder *b, struct hk_graph **out, struct hk_error *err);

struct hk_graph *hk_graph_ref(const struct hk_graph *graph);
void hk_graph_unref(struct hk_graph *graph); /* NULL does nothing */

const struct hk_task *hk_graph_find_task(const struct hk_graph *graph, struct hk_str task_id); /* NULL: absent */

/* What the Python host imports to find the DAG, and the folder that its bundle is then. */
const char *hk_graph_python_file(const struct hk_graph *graph);
struct hk_str hk_graph_python_folder(const struct hk_graph *graph);

/* What is cleared together with the chosen tasks (chosen[] by task index, in and out): all before or after them, as
 * asked for, and the setups and teardowns that those or the chosen ones need. Airflow's SerializedDAG.partial_subset.
 */
void hk_graph_widen(const struct hk_graph *graph, bool include_upstream, bool include_downstream, bool *chosen);

/* Whether any task has max_active_per_dag. */
bool hk_graph_has_task_limits(const struct hk_graph *graph);

/* Whether an id may name a DAG, task, run or group: 1..250 bytes of letters, digits, '-', '_', '.' (Airflow's
 * KEY_REGEX). Error text as Airflow's. */
HK_MUST_USE bool hk_graph_check_id(const char *what, struct hk_str id, struct hk_error *err);

#endif
