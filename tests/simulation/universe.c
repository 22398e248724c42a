#include "tests/simulation/universe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_STEPS = 400000, MAX_IDLE_STEPS = 20000 };

uint64_t pick(struct universe *u, uint64_t limit)
{
    return hk_rand_below(&u->rand, limit);
}

bool chance(struct universe *u, uint64_t percent)
{
    return hk_rand_below(&u->rand, 100) < percent;
}

void note(struct universe *u, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    u->hash = (u->hash ^ hk_str_hash(hk_str_from(text)) ^ (uint64_t)u->wall_us) * UINT64_C(1099511628211);
    if (u->options.trace) {
        printf("%6" PRIu64 " %10.3f  %s\n", u->step, (double)(u->wall_us - u->born_us) / 1e6, text);
    }
}

void broken(struct universe *u, const char *fmt, ...)
{
    if (u->has_failed) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(u->failure, sizeof u->failure, fmt, args);
    va_end(args);
    u->has_failed = true;
    note(u, "BROKEN: %s", u->failure);
}

static int64_t wall_us(void *context)
{
    return ((struct universe *)context)->wall_us;
}

static int64_t monotonic_us(void *context)
{
    return ((struct universe *)context)->mono_us;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return b != HK_TIME_NONE && (a == HK_TIME_NONE || b < a) ? b : a;
}

/* Monotonic time of whatever comes next; HK_TIME_NONE: nothing ever. */
static int64_t next_event_us(const struct universe *u)
{
    const int64_t timers[] = {u->timer_us, u->promoter_us};
    int64_t next = u->is_quiet ? HK_TIME_NONE : u->act_us;
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        if (timers[i] != HK_TIME_NONE) {
            int64_t wait_us = timers[i] > u->wall_us ? timers[i] - u->wall_us : 0;
            next = earlier(next, u->mono_us + wait_us);
        }
    }
    for (size_t i = 0; i < u->dag_count; i++) {
        next = earlier(next, u->dags[i].read_us);
    }
    return earlier(next, executor_next_us(u));
}

static void advance(struct universe *u, int64_t to_us)
{
    if (to_us > u->mono_us) {
        u->wall_us += to_us - u->mono_us;
        u->mono_us = to_us;
    }
}

static void crash_and_restart(struct universe *u)
{
    engine_crash(u);
    if (!u->has_failed) {
        check_transitions(u);
        advance(u, u->mono_us + (int64_t)pick(u, 60) * HK_SECOND_US);
        engine_start(u);
    }
}

/* One thing that can happen now. false: nothing can before time moves on. */
static bool act(struct universe *u)
{
    bool may_crash = !u->is_quiet && u->crashes_left > 0;
    bool is_moment = may_crash && u->has_decided && chance(u, 5);
    if (may_crash && (is_moment || pick(u, 400) == 0)) {
        u->crashes_left--;
        u->has_decided = false;
        crash_and_restart(u);
        return true;
    }
    if (!hk_store_is_idle(u->store) && (u->is_quiet || chance(u, 50))) {
        hk_store_commit(u->store);
        u->commits++;
        advance(u, u->mono_us + 1 + (int64_t)pick(u, 5000)); /* as a disk does */
        check_transitions(u);
        check_database(u);
        check_gates(u);
        if (u->is_quiet || chance(u, 70)) {
            hk_store_deliver(u->store);
        }
        return true;
    }
    if (u->is_awake || (u->timer_us != HK_TIME_NONE && u->timer_us <= u->wall_us)) {
        u->is_awake = false;
        u->timer_us = HK_TIME_NONE;
        hk_scheduler_step(u->scheduler);
        check_model(u);
        return true;
    }
    if (u->promoter_us != HK_TIME_NONE && u->promoter_us <= u->wall_us) {
        u->promoter_us = HK_TIME_NONE;
        hk_promoter_look(u->promoter);
        return true;
    }
    if (executor_act(u) || engine_read_files(u)) {
        return true;
    }
    if (!u->is_quiet && u->act_us <= u->mono_us) {
        bool is_burst = chance(u, 40);
        u->act_us = u->mono_us + (is_burst ? (int64_t)pick(u, 3000) * HK_MS_US : (int64_t)pick(u, 1800) * HK_SECOND_US);
        if (u->options.fail_commit == 0) {
            people_act(u);
        }
        return true;
    }
    return !hk_store_is_idle(u->store);
}

static void run_until(struct universe *u, int64_t end_us)
{
    unsigned idle = 0;
    while (!u->has_failed) {
        if (++u->step > MAX_STEPS) {
            broken(u, "it never ends");
        }
        if (act(u)) {
            if (++idle > MAX_IDLE_STEPS) {
                broken(u, "time stands still");
            }
            continue;
        }
        int64_t next = next_event_us(u);
        if (next == HK_TIME_NONE || (end_us != HK_TIME_NONE && next > end_us)) {
            return;
        }
        idle = next > u->mono_us ? 0 : idle;
        advance(u, next);
    }
}

static void ignore(void *arg, const struct hk_error *err)
{
    (void)arg;
    (void)err;
}

/* No more people, faults and new runs; what there is must come to its end. */
static void wind_down(struct universe *u)
{
    u->is_quiet = true;
    hk_store_fail_commit(u->store, 0);
    u->failing_step_left = hk_store_fail_step(u->store, 0);
    for (size_t i = 0; i < u->dag_count; i++) {
        u->dags[i].read_us = u->dags[i].read_us != HK_TIME_NONE ? u->mono_us : HK_TIME_NONE;
    }
    run_until(u, u->mono_us); /* settle: what follows is the last word */
    for (size_t i = 0; i < u->dag_count && !u->has_failed; i++) {
        hk_scheduler_dag_gone(u->scheduler, u->dags[i].dag_id);
    }
    uint64_t before = u->hash + 1;
    for (int round = 0; round < 50 && !u->has_failed && before != u->hash; round++) {
        before = u->hash;
        for (size_t i = 0; i < u->dag_count; i++) { /* failed runs pause a DAG again */
            hk_scheduler_pause(u->scheduler, u->dags[i].dag_id, false, (struct hk_command_done){ignore, NULL});
        }
        run_until(u, HK_TIME_NONE);
    }
    if (!u->has_failed) {
        check_end(u);
        check_gates_end(u);
    }
}

static void begin(struct universe *u, const struct sim_options *options)
{
    *u = (struct universe){.options = *options, .clock = {wall_us, monotonic_us, u}};
    hk_rand_init(&u->rand, options->seed);
    hk_rand_init(&u->engine_rand, options->seed ^ 0x9E3779B97F4A7C15u);
    u->born_us = INT64_C(1790000000) * HK_SECOND_US;
    u->wall_us = u->born_us;
    u->crashes_left = options->fail_commit == 0 ? (unsigned)pick(u, 5) : 0;
    u->executor.parallelism = (uint32_t)(1 + pick(u, 6));
    u->executor.ahead = (uint32_t)pick(u, 4);
    u->pool_slots[0] = chance(u, 30) ? 2 : 128;
    u->pool_slots[1] = 3;
    u->pool_slots[2] = (int64_t)(1 + pick(u, 2));
    u->dag_count = 1 + pick(u, MAX_DAGS);
    for (size_t i = 0; i < u->dag_count; i++) {
        struct sim_dag *dag = &u->dags[i];
        snprintf(dag->dag_id, sizeof dag->dag_id, "dag%zu", i);
        dag->style = hk_rand_u64(&u->rand);
        dag->max_active_runs = (uint32_t)(1 + pick(u, 3));
        dag->graph = random_graph(u, dag);
    }
    engine_create_database(u);
    hk_store_fail_commit(u->store, options->fail_commit > 0 ? options->fail_commit : 0);
    (void)hk_store_fail_step(u->store, options->fail_step);
}

bool universe_run(struct universe *u, const struct sim_options *options)
{
    begin(u, options);
    engine_start(u);
    int64_t length_us = options->length_us > 0 ? options->length_us : (int64_t)(1 + pick(u, 4)) * HK_HOUR_US;
    run_until(u, length_us);
    if (!u->has_failed) {
        wind_down(u);
    }
    bool ok = !u->has_failed;
    gates_stop(u);
    hk_store_abandon(u->store);
    gates_forget(u);
    hk_scheduler_free(u->scheduler);
    hk_store_close(u->store);
    for (size_t i = 0; i < u->dag_count; i++) {
        hk_graph_unref(u->dags[i].graph);
    }
    free(u->executor.answers);
    return ok;
}
