/* Answers questions about calendar and rules, one a line on standard input, fields apart by tabs, so that compare.py
 * can ask the same of the real Airflow. Times are microseconds since 1970 or "-". One line of output for each of
 * input. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/graph/cron.h"
#include "engine/graph/schedule.h"
#include "engine/graph/zone.h"
#include "scheduler/model.h"
#include "scheduler/retry.h"
#include "scheduler/tick.h"
#include "scheduler/timetable.h"
#include "scheduler/trigger_rule.h"

enum { MAX_LINE = 4096, MAX_FIELDS = 16, MAX_TASKS = 64 };

struct question {
    char *fields[MAX_FIELDS];
    int count;
};

static int64_t number(const char *text)
{
    int64_t value = HK_TIME_NONE;
    if (strcmp(text, "-") != 0 && !hk_str_to_i64(hk_str_from(text), &value)) {
        fprintf(stderr, "'%s' is not a number\n", text);
        exit(2);
    }
    return value;
}

static void print_time(int64_t us)
{
    if (us == HK_TIME_NONE) {
        printf("-");
    } else {
        printf("%" PRId64, us);
    }
}

static void print_times(bool found, const struct hk_run_times *times)
{
    if (!found) {
        printf("none\n");
        return;
    }
    print_time(times->logical_at_us);
    printf("\t");
    print_time(times->interval_start_us);
    printf("\t");
    print_time(times->interval_end_us);
    printf("\t");
    print_time(times->run_after_us);
    printf("\n");
}

/* kind, expression, zone, delta, has_interval, interval */
static bool make_timetable(char **f, struct hk_timetable **out)
{
    static const char *const KINDS[] = {
        [HK_SCHEDULE_NONE] = "none",     [HK_SCHEDULE_ONCE] = "once", [HK_SCHEDULE_CONTINUOUS] = "continuous",
        [HK_SCHEDULE_ASSETS] = "assets", [HK_SCHEDULE_CRON] = "cron", [HK_SCHEDULE_DELTA] = "delta",
        [HK_SCHEDULE_CRONS] = "crons"};
    struct hk_schedule schedule = {.expression = f[1], .zone = f[2], .delta_us = number(f[3])};
    struct hk_error err;
    for (char *at = f[1]; (at = strchr(at, ';')) != NULL;) { /* several lines in one */
        *at = '\n';
    }
    for (int i = 0; i <= HK_SCHEDULE_CRONS; i++) {
        if (strcmp(f[0], KINDS[i]) == 0) {
            schedule.kind = (enum hk_schedule_kind)i;
        }
    }
    schedule.has_interval = schedule.kind <= HK_SCHEDULE_DELTA && number(f[4]) != 0;
    schedule.interval_us = number(f[5]);
    if (!hk_timetable_new(&schedule, out, &err)) {
        printf("error\t%s\n", err.message);
        return false;
    }
    return true;
}

static void answer_next(char **f)
{
    struct hk_timetable *timetable = NULL;
    struct hk_run_times times;
    if (!make_timetable(f, &timetable)) {
        return;
    }
    struct hk_timetable_query query = {.start_at_us = number(f[6]),
                                       .end_at_us = number(f[7]),
                                       .catchup = number(f[8]) != 0,
                                       .last_start_us = number(f[9]),
                                       .last_end_us = number(f[10]),
                                       .now_us = number(f[11])};
    print_times(hk_timetable_next(timetable, &query, &times), &times);
    hk_timetable_free(timetable);
}

static void answer_manual(char **f)
{
    struct hk_timetable *timetable = NULL;
    struct hk_run_times times;
    if (!make_timetable(f, &timetable)) {
        return;
    }
    print_times(hk_timetable_manual(timetable, number(f[6]), &times), &times);
    hk_timetable_free(timetable);
}

/* expression, time on the wall */
static void answer_cron(char **f, bool is_back)
{
    struct hk_cron cron;
    struct hk_error err;
    int64_t at_us = 0;
    if (!hk_cron_parse(hk_str_from(f[0]), &cron, &err)) {
        printf("error\t%s\n", err.message);
        return;
    }
    bool found =
        is_back ? hk_cron_previous_wall(&cron, number(f[1]), &at_us) : hk_cron_next_wall(&cron, number(f[1]), &at_us);
    print_time(found ? at_us : HK_TIME_NONE);
    printf("\n");
}

static void answer_describe(char **f)
{
    struct hk_buf text;
    hk_buf_init(&text, 65536);
    hk_cron_describe(hk_str_from(f[0]), &text);
    printf("%s\n", text.data != NULL ? text.data : "");
    hk_buf_clear(&text);
}

/* zone, time: wall time of the instant, then the instants of the same number read as a wall time, first and second */
static void answer_zone(char **f)
{
    struct hk_zone *zone = NULL;
    struct hk_error err;
    if (!hk_zone_load(f[0], &zone, &err)) {
        printf("error\t%s\n", err.message);
        return;
    }
    int64_t us = number(f[1]);
    printf("%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", hk_zone_to_wall(zone, us), hk_zone_to_instant(zone, us, false),
           hk_zone_to_instant(zone, us, true));
    hk_zone_free(zone);
}

/* rule, map index, then the counters in their order */
static void answer_rule(char **f)
{
    static const char *const VERDICTS[] = {"wait", "run", "skipped", "upstream_failed", "removed"};
    static const uint32_t UPSTREAM[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct hk_task tasks[9] = {{.task_id = "t"},  {.task_id = "u0"}, {.task_id = "u1"},
                               {.task_id = "u2"}, {.task_id = "u3"}, {.task_id = "u4"},
                               {.task_id = "u5"}, {.task_id = "u6"}, {.task_id = "u7"}};
    struct hk_graph graph = {.tasks = tasks, .task_count = 9};
    uint32_t c[10];
    struct hk_buf text;
    for (int i = 0; i < 10; i++) {
        c[i] = (uint32_t)number(f[2 + i]);
    }
    struct hk_upstream_counts counts = {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]};
    if (!hk_trigger_rule_find(hk_str_from(f[0]), &tasks[0].trigger_rule)) {
        printf("error\tunknown rule\n");
        return;
    }
    tasks[0].upstream = UPSTREAM;
    tasks[0].upstream_count = c[0];
    hk_buf_init(&text, 65536);
    hk_trigger_reason(&graph, &tasks[0], &counts, &text);
    printf("%s\t%s\n", VERDICTS[hk_trigger_evaluate(tasks[0].trigger_rule, &counts, (int32_t)number(f[1]))],
           text.data != NULL ? text.data : "");
    hk_buf_clear(&text);
}

static bool list_has(const char *list, uint32_t number)
{
    char item[16];
    snprintf(item, sizeof item, ",%" PRIu32 ",", number);
    return strstr(list, item) != NULL;
}

/* "rule:kind:state" of each task, comma after each; kind: - (work), s (setup), t or f (teardown; f fails the run) */
static bool add_tasks(struct hk_graph_builder *b, char *text, enum hk_task_state *states)
{
    uint32_t count = 0;
    char *rest = text;
    for (char *item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        char id[16];
        char *kind = strchr(item, ':') + 1;
        char *state = strchr(kind, ':') + 1;
        snprintf(id, sizeof id, "t%" PRIu32, count);
        struct hk_task *task = hk_graph_builder_task(b, hk_str_from(id));
        kind[-1] = '\0';
        state[-1] = '\0';
        task->is_setup = *kind == 's';
        task->is_teardown = *kind == 't' || *kind == 'f';
        task->teardown_fails_run = *kind == 'f';
        if (!hk_trigger_rule_find(hk_str_from(item), &task->trigger_rule) ||
            !hk_task_state_find(hk_str_from(state), &states[count++])) {
            return false;
        }
    }
    return true;
}

/* "0-1,0-2," */
static void add_edges(struct hk_graph_builder *b, char *text)
{
    char *rest = text;
    for (char *item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        char up[16];
        char down[16];
        char *second = strchr(item, '-') + 1;
        second[-1] = '\0';
        snprintf(up, sizeof up, "t%s", item);
        snprintf(down, sizeof down, "t%s", second);
        hk_graph_builder_edge(b, hk_str_from(up), hk_str_from(down));
    }
}

static struct hk_run *add_run(struct hk_model *m, struct hk_graph *graph, const enum hk_task_state *states)
{
    struct hk_run *run = hk_alloc(sizeof *run);
    run->run_key = 1;
    run->dag = hk_model_dag_add(m, HK_STR("d"));
    run->graph = hk_graph_ref(graph);
    run->run_type = hk_strdup("manual");
    run->logical_us = HK_TIME_NONE;
    run->start_us = HK_TIME_NONE;
    run->state = HK_RUN_RUNNING;
    hk_model_run_add(m, run);
    hk_model_run_expand(m, run);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        run->tasks[t].state = (uint8_t)states[t];
    }
    hk_model_run_loaded(m, run, 0);
    return run;
}

/* What becomes of each task that has no state yet, how the run would end, and what a clear of some tasks clears. */
static void tell_graph(struct hk_graph *graph, const enum hk_task_state *states, const char *named, const char *with)
{
    bool chosen[MAX_TASKS] = {false};
    struct hk_model m;
    hk_model_init(&m, 1);
    struct hk_run *run = add_run(&m, graph, states);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        putchar(states[t] == HK_TASK_NONE ? "WRSFM"[hk_tick_trigger(run, t)] : '.');
        chosen[t] = list_has(named, t);
    }
    printf("\t%s\t", hk_tick_run_outcome(run) == HK_RUN_ON_FAIL ? "failed" : "success");
    hk_graph_widen(graph, strchr(with, 'u') != NULL, strchr(with, 'd') != NULL, chosen);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        printf("%s", chosen[t] ? "x" : ".");
    }
    printf("\n");
    hk_model_clear(&m);
}

/* tasks, edges, tasks to clear (",1,4,"), u and d for what is before and after them */
static void answer_graph(char **f)
{
    enum hk_task_state states[MAX_TASKS] = {HK_TASK_NONE};
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *graph = NULL;
    struct hk_error err;
    hk_graph_builder_dag(b)->dag_id = "d";
    if (!add_tasks(b, f[0], states)) {
        hk_graph_builder_free(b);
        printf("error\tunknown rule or state\n");
        return;
    }
    add_edges(b, f[1]);
    if (!hk_graph_build(b, &graph, &err)) {
        printf("error\t%s\n", err.message);
        return;
    }
    tell_graph(graph, states, f[2], f[3]);
    hk_graph_unref(graph);
}

/* delay, multiplier, longest, try: how long the wait is */
static void answer_retry(char **f)
{
    struct hk_task task = {.task_id = "t", .retry_delay_us = number(f[0]), .max_retry_delay_us = number(f[2])};
    struct hk_retry retry = {.dag_id = "d", .try_number = (uint32_t)number(f[3])};
    if (!hk_str_to_double(hk_str_from(f[1]), &task.retry_backoff)) {
        printf("error\tno multiplier\n");
        return;
    }
    printf("%" PRId64 "\n", hk_retry_at_us(&task, &retry));
}

static void answer(struct question *q)
{
    char **f = q->fields + 1;
    const char *verb = q->fields[0];
    if (strcmp(verb, "next") == 0 && q->count == 13) {
        answer_next(f);
    } else if (strcmp(verb, "manual") == 0 && q->count == 8) {
        answer_manual(f);
    } else if (strcmp(verb, "cron_next") == 0 && q->count == 3) {
        answer_cron(f, false);
    } else if (strcmp(verb, "cron_previous") == 0 && q->count == 3) {
        answer_cron(f, true);
    } else if (strcmp(verb, "describe") == 0 && q->count == 2) {
        answer_describe(f);
    } else if (strcmp(verb, "zone") == 0 && q->count == 3) {
        answer_zone(f);
    } else if (strcmp(verb, "rule") == 0 && q->count == 13) {
        answer_rule(f);
    } else if (strcmp(verb, "graph") == 0 && q->count == 5) {
        answer_graph(f);
    } else if (strcmp(verb, "retry") == 0 && q->count == 5) {
        answer_retry(f);
    } else {
        printf("error\tunknown question '%s' with %d fields\n", verb, q->count);
    }
}

int main(void)
{
    static char line[MAX_LINE];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct question q = {.count = 0};
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        while (q.count < MAX_FIELDS) {
            q.fields[q.count++] = rest;
            rest = strchr(rest, '\t');
            if (rest == NULL) {
                break;
            }
            *rest++ = '\0';
        }
        answer(&q);
    }
    return 0;
}
