#include "engine/graph/graph_codec.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_internal.h"

enum kind { TEXT, BOOL, INT, U32, I32, I64, DOUBLE, SCHEDULE, RULE, WEIGHT, RUNNER };

/* One table drives both directions, so that they cannot disagree. */
struct field {
    const char *name;
    size_t at;
    enum kind kind;
};

#define DAG(name_, member_, kind_)                                                                                     \
    {                                                                                                                  \
        name_, offsetof(struct hk_graph, member_), kind_                                                               \
    }
#define TASK(name_, member_, kind_)                                                                                    \
    {                                                                                                                  \
        name_, offsetof(struct hk_task, member_), kind_                                                                \
    }
#define GROUP(name_, member_, kind_)                                                                                   \
    {                                                                                                                  \
        name_, offsetof(struct hk_group, member_), kind_                                                               \
    }

#define ASSET(name_, member_, kind_)                                                                                   \
    {                                                                                                                  \
        name_, offsetof(struct hk_asset, member_), kind_                                                               \
    }

static const struct field dag_fields[] = {
    DAG("dag_id", dag_id, TEXT),
    DAG("display_name", display_name, TEXT),
    DAG("description", description, TEXT),
    DAG("doc_md", doc_md, TEXT),
    DAG("fileloc", fileloc, TEXT),
    DAG("relative_fileloc", relative_fileloc, TEXT),
    DAG("python_file", python_file, TEXT),
    DAG("bundle_name", bundle_name, TEXT),
    DAG("dialect", dialect, TEXT),
    DAG("params", params_json, TEXT),
    DAG("default_args", default_args_json, TEXT),
    DAG("owner_links", owner_links_json, TEXT),
    DAG("schedule_kind", schedule.kind, SCHEDULE),
    DAG("schedule_expression", schedule.expression, TEXT),
    DAG("schedule_zone", schedule.zone, TEXT),
    DAG("schedule_delta_us", schedule.delta_us, I64),
    DAG("schedule_has_interval", schedule.has_interval, BOOL),
    DAG("schedule_interval_us", schedule.interval_us, I64),
    DAG("schedule_summary", schedule.summary, TEXT),
    DAG("start_at_us", start_at_us, I64),
    DAG("end_at_us", end_at_us, I64),
    DAG("catchup", catchup, BOOL),
    DAG("is_fail_fast", is_fail_fast, BOOL),
    DAG("renders_native", renders_native, BOOL),
    DAG("has_success_callback", has_success_callback, BOOL),
    DAG("has_failure_callback", has_failure_callback, BOOL),
    DAG("is_paused_upon_creation", is_paused_upon_creation, INT),
    DAG("max_active_runs", max_active_runs, U32),
    DAG("max_active_tasks", max_active_tasks, U32),
    DAG("max_consecutive_failed_runs", max_consecutive_failed_runs, U32),
    DAG("run_timeout_us", run_timeout_us, I64),
};

static const struct field task_fields[] = {
    TASK("display_name", display_name, TEXT),
    TASK("owner", owner, TEXT),
    TASK("operator_class", operator_class, TEXT),
    TASK("operator_module", operator_module, TEXT),
    TASK("operator_name", operator_name, TEXT),
    TASK("doc_md", doc_md, TEXT),
    TASK("queue", queue, TEXT),
    TASK("executor", executor, TEXT),
    TASK("runner", runner, RUNNER),
    TASK("spec", spec_json, TEXT),
    TASK("extra", extra_json, TEXT),
    TASK("trigger_rule", trigger_rule, RULE),
    TASK("depends_on_past", depends_on_past, BOOL),
    TASK("wait_for_downstream", wait_for_downstream, BOOL),
    TASK("ignore_first_depends_on_past", ignore_first_depends_on_past, BOOL),
    TASK("is_setup", is_setup, BOOL),
    TASK("is_teardown", is_teardown, BOOL),
    TASK("teardown_fails_run", teardown_fails_run, BOOL),
    TASK("is_mapped", is_mapped, BOOL),
    TASK("can_skip_downstream", can_skip_downstream, BOOL),
    TASK("has_failure_callback", has_failure_callback, BOOL),
    TASK("retries", retries, U32),
    TASK("retry_delay_us", retry_delay_us, I64),
    TASK("retry_backoff", retry_backoff, DOUBLE),
    TASK("max_retry_delay_us", max_retry_delay_us, I64),
    TASK("execution_timeout_us", execution_timeout_us, I64),
    TASK("start_at_us", start_at_us, I64),
    TASK("end_at_us", end_at_us, I64),
    TASK("pool", pool, TEXT),
    TASK("pool_slots", pool_slots, U32),
    TASK("max_active_per_dag", max_active_per_dag, U32),
    TASK("max_active_per_run", max_active_per_run, U32),
    TASK("priority_weight", priority_weight, I32),
    TASK("weight_rule", weight_rule, WEIGHT),
    TASK("wait_model", wait_model, TEXT),
    TASK("wait_alias", wait_alias, TEXT),
    TASK("wait_stage", wait_stage, TEXT),
    TASK("wait_timeout_us", wait_timeout_us, I64),
};

static const struct field group_fields[] = {
    GROUP("label", label, TEXT),
    GROUP("tooltip", tooltip, TEXT),
};

static const struct field asset_fields[] = {
    ASSET("name", name, TEXT),
    ASSET("uri", uri, TEXT),
    ASSET("group", group, TEXT),
    ASSET("extra", extra_json, TEXT),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const schedule_names[] = {"none", "once", "continuous", "assets", "cron", "delta", "crons"};

static size_t kind_size(enum kind kind)
{
    static const size_t sizes[] = {
        [TEXT] = sizeof(const char *),
        [BOOL] = sizeof(bool),
        [INT] = sizeof(int),
        [U32] = sizeof(uint32_t),
        [I32] = sizeof(int32_t),
        [I64] = sizeof(int64_t),
        [DOUBLE] = sizeof(double),
        [SCHEDULE] = sizeof(enum hk_schedule_kind),
        [RULE] = sizeof(enum hk_trigger_rule),
        [WEIGHT] = sizeof(enum hk_weight_rule),
        [RUNNER] = sizeof(enum hk_runner),
    };
    return sizes[kind];
}

static bool is_default(const struct field *f, const char *record, const char *defaults)
{
    if (f->kind != TEXT) {
        return memcmp(record + f->at, defaults + f->at, kind_size(f->kind)) == 0;
    }
    const char *text = *(const char *const *)(record + f->at);
    const char *usual = *(const char *const *)(defaults + f->at);
    return text == usual || (text != NULL && usual != NULL && strcmp(text, usual) == 0);
}

static void write_field(struct hk_json *w, const struct field *f, const char *at)
{
    hk_json_key(w, f->name);
    switch (f->kind) {
    case TEXT:
        hk_json_text(w, *(const char *const *)at);
        break;
    case BOOL:
        hk_json_bool(w, *(const bool *)at);
        break;
    case INT:
        hk_json_int(w, *(const int *)at);
        break;
    case U32:
        hk_json_int(w, *(const uint32_t *)at);
        break;
    case I32:
        hk_json_int(w, *(const int32_t *)at);
        break;
    case I64:
        hk_json_int(w, *(const int64_t *)at);
        break;
    case DOUBLE:
        hk_json_double(w, *(const double *)at);
        break;
    case SCHEDULE:
        hk_json_text(w, schedule_names[*(const enum hk_schedule_kind *)at]);
        break;
    case RULE:
        hk_json_text(w, hk_trigger_rule_name(*(const enum hk_trigger_rule *)at));
        break;
    case WEIGHT:
        hk_json_text(w, hk_weight_rule_name(*(const enum hk_weight_rule *)at));
        break;
    case RUNNER:
        hk_json_text(w, hk_runner_name(*(const enum hk_runner *)at));
        break;
    }
}

static void write_fields(struct hk_json *w, const struct field *fields, size_t count, const void *record,
                         const void *defaults)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_default(&fields[i], record, defaults)) {
            write_field(w, &fields[i], (const char *)record + fields[i].at);
        }
    }
}

static const char *const asset_ops[HK_ASSET_OP_COUNT] = {"one", "all", "any"};

static void write_assets(struct hk_json *w, const struct hk_graph *graph)
{
    static const struct hk_asset defaults = {.group = "asset"};
    hk_json_key(w, "assets");
    hk_json_begin_array(w);
    for (uint32_t i = 0; i < graph->asset_count; i++) {
        hk_json_begin_object(w);
        write_fields(w, asset_fields, COUNT(asset_fields), &graph->assets[i], &defaults);
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
    if (graph->condition_count == 0) {
        return;
    }
    hk_json_key(w, "condition"); /* op, n, op, n ... */
    hk_json_begin_array(w);
    for (uint32_t i = 0; i < graph->condition_count; i++) {
        hk_json_text(w, asset_ops[graph->condition[i].op]);
        hk_json_int(w, graph->condition[i].n);
    }
    hk_json_end_array(w);
}

static void write_dag(struct hk_json *w, const struct hk_graph *graph)
{
    struct hk_graph defaults = {0};
    hk__graph_set_defaults(&defaults);
    hk_json_begin_object(w);
    hk_json_kv_int(w, "hanok_graph", HK_GRAPH_VERSION);
    hk_json_kv_int(w, "groups", graph->group_count - 1);
    hk_json_kv_int(w, "tasks", graph->task_count);
    write_fields(w, dag_fields, COUNT(dag_fields), graph, &defaults);
    if (graph->tag_count > 0) {
        hk_json_key(w, "tags");
        hk_json_begin_array(w);
        for (uint32_t i = 0; i < graph->tag_count; i++) {
            hk_json_text(w, graph->tags[i]);
        }
        hk_json_end_array(w);
    }
    if (graph->asset_count > 0 || graph->condition_count > 0) {
        write_assets(w, graph);
    }
    hk_json_end_object(w);
}

static void write_group(struct hk_json *w, const struct hk_group *group)
{
    static const struct hk_group defaults = {0};
    hk_json_begin_object(w);
    hk_json_kv_text(w, "group_id", group->group_id);
    hk_json_kv_int(w, "parent", group->parent);
    write_fields(w, group_fields, COUNT(group_fields), group, &defaults);
    hk_json_end_object(w);
}

static void write_indexes(struct hk_json *w, const char *key, const uint32_t *indexes, uint32_t count)
{
    if (count > 0) {
        hk_json_key(w, key);
        hk_json_begin_array(w);
        for (uint32_t i = 0; i < count; i++) {
            hk_json_int(w, indexes[i]);
        }
        hk_json_end_array(w);
    }
}

static void write_task(struct hk_json *w, const struct hk_task *task)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "task_id", task->task_id);
    if (task->group != 0) {
        hk_json_kv_int(w, "group", task->group);
    }
    write_fields(w, task_fields, COUNT(task_fields), task, &hk__task_defaults);
    write_indexes(w, "outlets", task->outlets, task->outlet_count);
    write_indexes(w, "up", task->upstream, task->upstream_count);
    hk_json_end_object(w);
}

static void end_line(struct hk_json *w, struct hk_buf *out)
{
    hk_buf_add_char(out, '\n');
    hk_json_init(w, out);
}

bool hk_graph_write(const struct hk_graph *graph, struct hk_buf *out, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, out);
    write_dag(&w, graph);
    end_line(&w, out);
    for (uint32_t i = 1; i < graph->group_count && !out->is_full; i++) {
        write_group(&w, &graph->groups[i]);
        end_line(&w, out);
    }
    for (uint32_t i = 0; i < graph->task_count && !out->is_full; i++) {
        write_task(&w, &graph->tasks[i]);
        end_line(&w, out);
    }
    if (out->is_full) {
        return hk_error_set(err, HK_LIMIT, "DAG '%s' takes more than %zu bytes to store: split it into several DAGs.",
                            graph->dag_id, out->max);
    }
    return true;
}

/* ---- reading ---- */

struct reader {
    struct hk_graph_builder *b;
    struct hk_str rest;
    uint64_t line;
};

static bool refuse(const struct reader *r, struct hk_error *err, const char *what, const char *name)
{
    return hk_error_set(err, HK_CORRUPT, "line %" PRIu64 " of the stored graph: %s '%s'", r->line, what, name);
}

/* The next line as an object; the caller frees it. */
static json_t *read_line(struct reader *r, struct hk_error *err)
{
    struct hk_str line = {0};
    r->line++;
    if (!hk_str_next(&r->rest, '\n', &line)) {
        refuse(r, err, "the text ends before", "the line");
        return NULL;
    }
    json_t *object = hk_json_parse(line, err);
    if (object == NULL) {
        err->code = HK_CORRUPT;
        hk_error_prefix(err, "line %" PRIu64 " of the stored graph", r->line);
    } else if (!json_is_object(object)) {
        refuse(r, err, "this is not", "an object");
        json_decref(object);
        object = NULL;
    }
    return object;
}

static bool read_integer(const json_t *value, int64_t least, int64_t most, int64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
        return false;
    }
    *out = json_integer_value(value);
    return true;
}

static bool find_schedule(struct hk_str name, enum hk_schedule_kind *out)
{
    for (size_t i = 0; i < COUNT(schedule_names); i++) {
        if (hk_str_is(name, schedule_names[i])) {
            *out = (enum hk_schedule_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_number(const json_t *value, enum kind kind, char *at)
{
    int64_t n = 0;
    switch (kind) {
    case INT:
        return read_integer(value, INT32_MIN, INT32_MAX, &n) && (*(int *)at = (int)n, true);
    case U32:
        return read_integer(value, 0, UINT32_MAX, &n) && (*(uint32_t *)at = (uint32_t)n, true);
    case I32:
        return read_integer(value, INT32_MIN, INT32_MAX, &n) && (*(int32_t *)at = (int32_t)n, true);
    case I64:
        return read_integer(value, INT64_MIN, INT64_MAX, &n) && (*(int64_t *)at = n, true);
    default:
        return json_is_number(value) && (*(double *)at = json_number_value(value), true);
    }
}

static bool read_value(struct hk_graph_builder *b, const json_t *value, enum kind kind, char *at)
{
    struct hk_str text = {json_string_value(value), json_string_length(value)};
    switch (kind) {
    case TEXT:
        if (json_is_null(value)) {
            *(const char **)at = NULL;
            return true;
        }
        return json_is_string(value) && (*(const char **)at = hk_graph_builder_str(b, text), true);
    case BOOL:
        return json_is_boolean(value) && (*(bool *)at = json_is_true(value), true);
    case SCHEDULE:
        return json_is_string(value) && find_schedule(text, (enum hk_schedule_kind *)at);
    case RULE:
        return json_is_string(value) && hk_trigger_rule_find(text, (enum hk_trigger_rule *)at);
    case WEIGHT:
        return json_is_string(value) && hk_weight_rule_find(text, (enum hk_weight_rule *)at);
    case RUNNER:
        return json_is_string(value) && hk_runner_find(text, (enum hk_runner *)at);
    default:
        return read_number(value, kind, at);
    }
}

/* Texts that are never NULL in a graph. */
static bool is_required(const struct field *f, const char *defaults)
{
    return f->kind == TEXT && *(const char *const *)(defaults + f->at) != NULL;
}

static bool read_fields(const struct reader *r, const json_t *object, const struct field *fields, size_t count,
                        void *record, struct hk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        if (value == NULL) {
            continue;
        }
        bool may_be_null = !is_required(&fields[i], record);
        if (!read_value(r->b, value, fields[i].kind, (char *)record + fields[i].at) ||
            (json_is_null(value) && !may_be_null)) {
            return refuse(r, err, "wrong value of", fields[i].name);
        }
    }
    return true;
}

static bool read_tags(const struct reader *r, const json_t *object, struct hk_error *err)
{
    struct hk_graph *dag = hk_graph_builder_dag(r->b);
    const json_t *tags = json_object_get(object, "tags");
    if (tags == NULL) {
        return true;
    }
    dag->tags = hk_arena_array(&dag->arena, json_array_size(tags) + 1, sizeof *dag->tags);
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const json_t *tag = json_array_get(tags, i);
        if (!json_is_string(tag)) {
            return refuse(r, err, "wrong value of", "tags");
        }
        struct hk_str text = {json_string_value(tag), json_string_length(tag)};
        dag->tags[dag->tag_count++] = hk_graph_builder_str(r->b, text);
    }
    return true;
}

static bool read_asset(const struct reader *r, const json_t *object, struct hk_error *err)
{
    struct hk_asset asset = {.group = "asset"};
    uint32_t count = hk_graph_builder_dag(r->b)->asset_count;
    if (!json_is_object(object) || !read_fields(r, object, asset_fields, COUNT(asset_fields), &asset, err) ||
        asset.name == NULL || asset.uri == NULL || hk_graph_builder_asset(r->b, &asset) != count) {
        return refuse(r, err, "wrong value of", "assets");
    }
    return true;
}

static bool find_op(const json_t *name, enum hk_asset_op *out)
{
    for (size_t i = 0; i < HK_ASSET_OP_COUNT; i++) {
        if (json_is_string(name) && strcmp(json_string_value(name), asset_ops[i]) == 0) {
            *out = (enum hk_asset_op)i;
            return true;
        }
    }
    return false;
}

static bool read_assets(const struct reader *r, const json_t *object, struct hk_error *err)
{
    const json_t *assets = json_object_get(object, "assets");
    const json_t *condition = json_object_get(object, "condition");
    for (size_t i = 0; i < json_array_size(assets); i++) {
        if (!read_asset(r, json_array_get(assets, i), err)) {
            return false;
        }
    }
    for (size_t i = 0; i + 1 < json_array_size(condition); i += 2) {
        enum hk_asset_op op = HK_ASSET_ONE;
        int64_t n = 0;
        if (!find_op(json_array_get(condition, i), &op) ||
            !read_integer(json_array_get(condition, i + 1), 0, HK_MAX_ASSETS_PER_DAG, &n)) {
            return refuse(r, err, "wrong value of", "condition");
        }
        hk_graph_builder_condition(r->b, op, (uint32_t)n);
    }
    return true;
}

static bool read_outlets(const struct reader *r, const json_t *line, struct hk_error *err)
{
    const json_t *outlets = json_object_get(line, "outlets");
    const struct hk_graph *dag = hk_graph_builder_dag(r->b);
    for (size_t i = 0; i < json_array_size(outlets); i++) {
        int64_t index = 0;
        if (!read_integer(json_array_get(outlets, i), 0, (int64_t)dag->asset_count - 1, &index)) {
            return refuse(r, err, "wrong value of", "outlets");
        }
        hk_graph_builder_outlet(r->b, dag->task_count - 1, (uint32_t)index);
    }
    return true;
}

struct counts {
    int64_t groups;
    int64_t tasks;
};

static bool read_dag(struct reader *r, struct counts *counts, struct hk_error *err)
{
    json_t *line = read_line(r, err);
    if (line == NULL) {
        return false;
    }
    int64_t version = 0;
    bool ok = false;
    if (!read_integer(json_object_get(line, "hanok_graph"), 1, INT64_MAX, &version)) {
        refuse(r, err, "there is no", "hanok_graph");
    } else if (version > HK_GRAPH_VERSION) {
        hk_error_set(err, HK_CORRUPT,
                     "the stored graph has format %" PRId64 " and this hanok reads up to %d: it was "
                     "written by a newer hanok.",
                     version, HK_GRAPH_VERSION);
    } else if (!read_integer(json_object_get(line, "groups"), 0, HK_MAX_TASKS_PER_DAG, &counts->groups) ||
               !read_integer(json_object_get(line, "tasks"), 0, HK_MAX_TASKS_PER_DAG, &counts->tasks)) {
        refuse(r, err, "wrong number of", "groups or tasks");
    } else {
        ok = read_fields(r, line, dag_fields, COUNT(dag_fields), hk_graph_builder_dag(r->b), err) &&
             read_tags(r, line, err) && read_assets(r, line, err);
    }
    json_decref(line);
    return ok;
}

static bool read_group(struct reader *r, struct hk_error *err)
{
    json_t *line = read_line(r, err);
    if (line == NULL) {
        return false;
    }
    struct hk_graph *dag = hk_graph_builder_dag(r->b);
    const char *id = hk_json_get_text(line, "group_id", NULL);
    int64_t parent = 0;
    bool ok = false;
    if (id == NULL || !read_integer(json_object_get(line, "parent"), 0, dag->group_count - 1, &parent)) {
        refuse(r, err, "wrong value of", "group_id or parent");
    } else {
        uint32_t index = hk_graph_builder_group(r->b, (uint32_t)parent, hk_str_from(id));
        ok = read_fields(r, line, group_fields, COUNT(group_fields), &dag->groups[index], err);
    }
    json_decref(line);
    return ok;
}

/* In this builder names are only made by tasks, so that an edge's number of a name is the task's index. */
static bool read_upstream(const struct reader *r, const json_t *line, const struct counts *counts, struct hk_error *err)
{
    const json_t *up = json_object_get(line, "up");
    uint32_t self = hk_graph_builder_dag(r->b)->task_count - 1;
    for (size_t i = 0; i < json_array_size(up); i++) {
        int64_t index = 0;
        if (!read_integer(json_array_get(up, i), 0, counts->tasks - 1, &index) ||
            r->b->edge_count >= HK_MAX_EDGES_PER_DAG) {
            return refuse(r, err, "wrong value of", "up");
        }
        hk_array_grow((void **)&r->b->edges, &r->b->edge_cap, r->b->edge_count + 1, sizeof *r->b->edges);
        r->b->edges[r->b->edge_count++] = (struct hk__edge){(uint32_t)index, self};
    }
    return true;
}

static bool read_task(struct reader *r, const struct counts *counts, struct hk_error *err)
{
    json_t *line = read_line(r, err);
    if (line == NULL) {
        return false;
    }
    const char *id = hk_json_get_text(line, "task_id", NULL);
    const json_t *group = json_object_get(line, "group");
    int64_t group_index = 0;
    struct hk_task *task = id == NULL ? NULL : hk_graph_builder_task(r->b, hk_str_from(id));
    bool ok = false;
    if (task == NULL) {
        refuse(r, err, "missing or repeated", "task_id");
    } else if (group != NULL && !read_integer(group, 0, counts->groups, &group_index)) {
        refuse(r, err, "wrong value of", "group");
    } else {
        task->group = (uint32_t)group_index;
        ok = read_fields(r, line, task_fields, COUNT(task_fields), task, err) && read_upstream(r, line, counts, err) &&
             read_outlets(r, line, err);
    }
    json_decref(line);
    return ok;
}

static bool read_parts(struct reader *r, struct hk_error *err)
{
    struct counts counts = {0};
    if (!read_dag(r, &counts, err)) {
        return false;
    }
    for (int64_t i = 0; i < counts.groups; i++) {
        if (!read_group(r, err)) {
            return false;
        }
    }
    for (int64_t i = 0; i < counts.tasks; i++) {
        if (!read_task(r, &counts, err)) {
            return false;
        }
    }
    return r->rest.len == 0 || refuse(r, err, "the text goes on after", "the last task");
}

bool hk_graph_read(struct hk_str text, struct hk_graph **out, struct hk_error *err)
{
    struct reader r = {hk_graph_builder_new(), text, 0};
    if (!read_parts(&r, err)) {
        hk_graph_builder_free(r.b);
        return false;
    }
    if (!hk_graph_build(r.b, out, err)) {
        err->code = HK_CORRUPT;
        return hk_error_prefix(err, "stored graph");
    }
    return true;
}

static uint64_t fnv(struct hk_str text, uint64_t hash)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

void hk_graph_digest(struct hk_str text, char out[HK_GRAPH_DIGEST_SIZE])
{
    uint64_t first = fnv(text, UINT64_C(14695981039346656037));
    uint64_t second = fnv(text, UINT64_C(0x9E3779B97F4A7C15));
    snprintf(out, HK_GRAPH_DIGEST_SIZE, "%016" PRIx64 "%016" PRIx64, first, second);
}
