/* depends_on_past: each run that looks back knows which run stands before it (prior_key, found in the database when the
 * run was made or loaded) and, as long as that one is in memory, watches it live. */
#include "scheduler/model_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

bool hk_model_looks_back(const struct hk_graph *graph)
{
    for (uint32_t t = 0; t < graph->task_count; t++) {
        if (graph->tasks[t].depends_on_past || graph->tasks[t].wait_for_downstream) {
            return true;
        }
    }
    return false;
}

static void follow(struct hk_run *run, struct hk_run *prior)
{
    if (run->prior != NULL) {
        run->prior->follower_count--;
    }
    run->prior = prior;
    run->prior_key = prior->run_key;
    run->prior_logical_us = prior->logical_us;
    prior->follower_count++;
}

/* Whether `run`, which is new, belongs between `other` and what other looks back to. */
static bool comes_between(const struct hk_run *run, const struct hk_run *other)
{
    bool counts = !other->graph->catchup || strcmp(run->run_type, "manual") != 0;
    return counts && run->logical_us != HK_TIME_NONE && other->logical_us != HK_TIME_NONE &&
           run->logical_us < other->logical_us && (other->prior_key == 0 || run->logical_us > other->prior_logical_us);
}

void hk_model_run_past_changed(struct hk_model *m, struct hk_run *run)
{
    struct hk_run *prior = run->prior_key != 0 ? hk_model_run(m, run->prior_key) : NULL;
    if (prior != NULL) {
        follow(run, prior);
    }
    hk_model_run_touch_all(m, run);
}

void hk__link_past(struct hk_dag *dag, struct hk_run *run)
{
    run->looks_back = hk_model_looks_back(run->graph);
    dag->looking_back += run->looks_back;
    for (size_t i = 0; i < dag->run_count && dag->looking_back > 0; i++) {
        struct hk_run *other = dag->runs[i];
        if (other == run) {
            continue;
        }
        if (run->looks_back && run->prior_key == other->run_key) {
            follow(run, other);
        }
        if (other->looks_back && (other->prior_key == run->run_key || comes_between(run, other))) {
            follow(other, run);
        }
    }
}

/* The runs after one that leaves memory keep what they may still ask about. */
static void keep_prior_states(struct hk_run *follower)
{
    const struct hk_graph *graph = follower->graph;
    uint8_t *states = hk_alloc(graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        states[t] = (uint8_t)hk_model_prior_state(follower, t);
    }
    free(follower->prior_states);
    follower->prior_states = states;
    follower->prior = NULL;
}

void hk__unlink_past(struct hk_dag *dag, struct hk_run *run)
{
    for (size_t i = 0; i < dag->run_count && run->follower_count > 0; i++) {
        if (dag->runs[i]->prior == run) {
            keep_prior_states(dag->runs[i]);
            run->follower_count--;
        }
    }
    if (run->prior != NULL) {
        run->prior->follower_count--;
        run->prior = NULL;
    }
    dag->looking_back -= run->looks_back;
}

int hk_model_prior_state(const struct hk_run *run, uint32_t task)
{
    if (run->prior_key == 0) {
        return HK_TASK_STATE_COUNT;
    }
    if (run->prior == NULL) {
        return run->prior_states[task];
    }
    if (run->prior->tasks == NULL) {
        return HK_TASK_NONE; /* it has not begun */
    }
    if (run->prior->graph == run->graph) {
        return run->prior->tasks[task].state;
    }
    const struct hk_task *same = hk_graph_find_task(run->prior->graph, hk_str_from(run->graph->tasks[task].task_id));
    return same != NULL ? run->prior->tasks[same->index].state : HK_TASK_REMOVED;
}

static void tell(struct hk_model *m, struct hk_run *follower, struct hk_str task_id)
{
    const struct hk_task *there = hk_graph_find_task(follower->graph, task_id);
    if (there == NULL) {
        return;
    }
    hk_model_task_touch(m, follower, there->index);
    /* wait_for_downstream: the task may also be one that a waiting task of the next run stands before. */
    for (uint32_t i = 0; i < there->upstream_count; i++) {
        if (follower->graph->tasks[there->upstream[i]].wait_for_downstream) {
            hk_model_task_touch(m, follower, there->upstream[i]);
        }
    }
}

void hk__tell_followers(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    uint32_t left = run->follower_count;
    for (size_t i = 0; i < run->dag->run_count && left > 0; i++) {
        struct hk_run *follower = run->dag->runs[i];
        if (follower->prior != run) {
            continue;
        }
        left--;
        if (follower->tasks != NULL && follower->state == HK_RUN_RUNNING) {
            tell(m, follower, hk_str_from(run->graph->tasks[task].task_id));
        }
    }
}
