#include "tests/simulation/universe.h"

#include <stdio.h>

#include "engine/graph/schedule.h"

const char *const pool_names[POOLS] = {"default_pool", "small", "tiny"};

static void random_task(struct universe *u, const struct sim_dag *dag, struct hk_task *t, unsigned i)
{
    t->runner = chance(u, 20) ? HK_RUNNER_NOTHING : HK_RUNNER_COMMAND;
    t->operator_class = "BashOperator";
    if (chance(u, 40)) {
        t->trigger_rule = (enum hk_trigger_rule)pick(u, HK_RULE_COUNT);
    }
    t->retries = chance(u, 50) ? (uint32_t)pick(u, 3) : 0;
    t->retry_delay_us = chance(u, 30) ? 0 : (int64_t)pick(u, 600) * HK_SECOND_US;
    t->retry_backoff = chance(u, 30) ? 2.0 : 0.0;
    t->max_retry_delay_us = chance(u, 30) ? 900 * HK_SECOND_US : 0;
    t->pool = pool_names[pick(u, POOLS)];
    t->pool_slots = (uint32_t)(1 + pick(u, 2));
    t->priority_weight = (int32_t)pick(u, 5);
    t->weight_rule = (enum hk_weight_rule)pick(u, HK_WEIGHT_COUNT);
    bool is_limited = (dag->style >> 8) % 3 == 0 && i % 2 == 0;
    t->max_active_per_dag = is_limited ? 1 + i % 3 : 0;
    t->depends_on_past = dag->style % 4 == 0 && chance(u, 40);
    t->wait_for_downstream = t->depends_on_past && chance(u, 30);
    t->can_skip_downstream = chance(u, 15);
}

static void random_edges(struct universe *u, struct hk_graph_builder *b, unsigned count)
{
    unsigned shape = (unsigned)pick(u, 5); /* chain, fan out, fan in, layers, anything */
    unsigned width = 1 + (unsigned)pick(u, 4);
    for (unsigned i = 1; i < count; i++) {
        for (unsigned k = 0; k < i; k++) {
            bool joined = shape == 0   ? k + 1 == i
                          : shape == 1 ? k == 0
                          : shape == 2 ? i == count - 1
                          : shape == 3 ? i / width == k / width + 1
                                       : chance(u, 30);
            if (joined) {
                char up[16];
                char down[16];
                snprintf(up, sizeof up, "t%u", k);
                snprintf(down, sizeof down, "t%u", i);
                hk_graph_builder_edge(b, hk_str_from(up), hk_str_from(down));
            }
        }
    }
}

/* Setups in the first half, teardowns in the second, an edge between some of them. */
static void random_setups(struct universe *u, struct hk_graph_builder *b, unsigned count)
{
    unsigned setups = 1 + (unsigned)pick(u, 2);
    unsigned teardowns = (unsigned)pick(u, 3);
    for (unsigned i = 0; i < setups; i++) {
        char up[16];
        snprintf(up, sizeof up, "t%u", (unsigned)pick(u, count / 2));
        hk_graph_builder_find_task(b, hk_str_from(up))->is_setup = true;
        for (unsigned k = 0; k < teardowns; k++) {
            char down[16];
            snprintf(down, sizeof down, "t%u", count - 1 - k);
            struct hk_task *teardown = hk_graph_builder_find_task(b, hk_str_from(down));
            teardown->is_teardown = count - 1 - k >= count / 2;
            teardown->trigger_rule = HK_RULE_ALL_DONE_SETUP_SUCCESS;
            teardown->teardown_fails_run = chance(u, 50);
            if (teardown->is_teardown && chance(u, 80)) {
                hk_graph_builder_edge(b, hk_str_from(up), hk_str_from(down));
            }
        }
    }
}

static uint32_t asset_of(struct hk_graph_builder *b, size_t dag)
{
    char name[16];
    snprintf(name, sizeof name, "a%zu", dag);
    struct hk_asset asset = {.name = name, .uri = name};
    return hk_graph_builder_asset(b, &asset);
}

/* Tasks bring the asset up to date that has their DAG's number, and a DAG is scheduled on those of DAGs before it: no
 * circle of DAGs fills the universe. */
static void random_assets(struct universe *u, struct hk_graph_builder *b, size_t dag)
{
    struct hk_graph *g = hk_graph_builder_dag(b);
    for (uint32_t t = 0; t < g->task_count; t++) {
        if (chance(u, 15)) {
            hk_graph_builder_outlet(b, t, asset_of(b, dag));
        }
    }
    if (dag == 0 || !chance(u, 40)) {
        return;
    }
    uint32_t parts = (uint32_t)(1 + pick(u, dag));
    g->schedule = (struct hk_schedule){.kind = HK_SCHEDULE_ASSETS, .zone = "UTC", .summary = "Asset"};
    hk_graph_builder_condition(b, chance(u, 50) ? HK_ASSET_ALL : HK_ASSET_ANY, parts);
    for (uint32_t i = 0; i < parts; i++) {
        hk_graph_builder_condition(b, HK_ASSET_ONE, asset_of(b, i));
    }
}

static void random_schedule(struct universe *u, struct hk_graph_builder *b, struct hk_graph *g)
{
    static const char *const texts[] = {"@hourly", "*/20 * * * *", "0 */3 * * *", "@once", "@daily", "@continuous"};
    struct hk_error err;
    unsigned kind = (unsigned)pick(u, 9);
    bool ok = true;
    if (kind < 6) {
        ok = hk_schedule_parse(b, hk_str_from(texts[kind]), NULL, &g->schedule, &err);
    } else if (kind < 8) {
        ok = hk_schedule_every(b, (int64_t)(10 + pick(u, 120)) * HK_MINUTE_US, &g->schedule, &err);
        g->schedule.has_interval = chance(u, 50);
    } else {
        hk_schedule_none(&g->schedule);
    }
    HK_ASSERT(ok);
    g->start_at_us = u->born_us - (int64_t)pick(u, 6) * HK_HOUR_US;
    g->catchup = chance(u, 50);
}

struct hk_graph *random_graph(struct universe *u, struct sim_dag *dag)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *g = hk_graph_builder_dag(b);
    unsigned count = (unsigned)(chance(u, 10) ? pick(u, 30) : 1 + pick(u, 7));
    g->dag_id = hk_graph_builder_text(b, dag->dag_id);
    g->fileloc = hk_graph_builder_text(b, dag->dag_id);
    g->relative_fileloc = g->fileloc;
    g->bundle_name = "sim";
    g->dialect = "sim";
    g->is_fail_fast = chance(u, 15);
    g->max_active_runs = dag->max_active_runs;
    g->max_active_tasks = chance(u, 40) ? (uint32_t)(1 + pick(u, 3)) : 16;
    g->max_consecutive_failed_runs = chance(u, 10) ? 2 : 0;
    g->run_timeout_us = chance(u, 20) ? (int64_t)(1 + pick(u, 60)) * HK_MINUTE_US : 0;
    random_schedule(u, b, g);
    for (unsigned i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "t%u", i);
        random_task(u, dag, hk_graph_builder_task(b, hk_str_from(id)), i);
    }
    random_assets(u, b, (size_t)(dag - u->dags));
    if (g->schedule.kind == HK_SCHEDULE_CONTINUOUS) { /* must take time, or it fills the universe */
        struct hk_task *first = hk_graph_builder_find_task(b, HK_STR("t0"));
        first = first != NULL ? first : hk_graph_builder_task(b, HK_STR("t0"));
        first->runner = HK_RUNNER_COMMAND;
        first->operator_class = "BashOperator";
    }
    if (count > 2 && chance(u, 40)) {
        random_setups(u, b, count);
    }
    random_edges(u, b, count);
    struct hk_graph *graph = NULL;
    struct hk_error err;
    if (!hk_graph_build(b, &graph, &err)) {
        hk_assert_failed(err.message, __FILE__, __LINE__);
    }
    return graph;
}
