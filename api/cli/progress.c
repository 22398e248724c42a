#include "api/cli/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "api/cli/log_tail.h"
#include "engine/base/alloc.h"
#include "engine/base/civil.h"

enum { DEFAULT_HEIGHT = 24, TAIL_LINES = 20, UNSHOWN = 255 };

void hk_progress_init(struct hk_progress *p, FILE *out, const char *log_folder)
{
    struct winsize size = {.ws_row = 0};
    *p = (struct hk_progress){.out = out, .is_terminal = isatty(fileno(out)) != 0, .log_folder = log_folder};
    bool known = p->is_terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_row > 4;
    p->height = known ? (size_t)size.ws_row - 2 : DEFAULT_HEIGHT - 2;
}

void hk_progress_clear(struct hk_progress *p)
{
    free(p->shown);
    p->shown = NULL;
}

static double seconds_of(const struct hk_ti *ti, int64_t now_us)
{
    if (ti->start_us == HK_TIME_NONE || ti->start_us == 0) {
        return 0;
    }
    bool is_over = hk_task_state_is_finished(ti->state) && ti->end_us >= ti->start_us;
    return (double)((is_over ? ti->end_us : now_us) - ti->start_us) / (double)HK_SECOND_US;
}

static bool is_news(enum hk_task_state state)
{
    return state != HK_TASK_NONE && state != HK_TASK_SCHEDULED && state != HK_TASK_QUEUED;
}

/* ---- the list on a terminal ---- */

static const char *color_of(enum hk_task_state state)
{
    switch (state) {
    case HK_TASK_SUCCESS:
        return "\033[32m";
    case HK_TASK_FAILED:
    case HK_TASK_UPSTREAM_FAILED:
        return "\033[31m";
    case HK_TASK_RUNNING:
        return "\033[36m";
    case HK_TASK_UP_FOR_RETRY:
    case HK_TASK_UP_FOR_RESCHEDULE:
        return "\033[33m";
    default:
        return "\033[2m";
    }
}

/* What matters most is shown when not all fits: what runs, then what failed, then what waits, then what is done. */
static int rank_of(enum hk_task_state state)
{
    return state == HK_TASK_RUNNING || state == HK_TASK_UP_FOR_RETRY     ? 0
           : state == HK_TASK_FAILED || state == HK_TASK_UPSTREAM_FAILED ? 1
           : !hk_task_state_is_finished(state)                           ? 2
                                                                         : 3;
}

static void draw_task(struct hk_progress *p, const struct hk_run *run, uint32_t t, int64_t now_us)
{
    const struct hk_ti *ti = &run->tasks[t];
    double seconds = seconds_of(ti, now_us);
    fprintf(p->out, "  %s%-16s\033[0m %s", color_of(ti->state), hk_task_state_name(ti->state),
            run->graph->tasks[t].task_id);
    if (seconds > 0) {
        fprintf(p->out, "  \033[2m%.2fs\033[0m", seconds);
    }
    fputs("\033[K\n", p->out);
    p->drawn++;
}

static void draw(struct hk_progress *p, const struct hk_run *run, int64_t now_us)
{
    size_t count = run->graph->task_count;
    bool is_whole = count <= p->height;
    if (p->drawn > 0) {
        fprintf(p->out, "\033[%zuA", p->drawn);
    }
    p->drawn = 0;
    for (uint32_t i = 0; is_whole && i < count; i++) {
        draw_task(p, run, run->graph->order[i], now_us);
    }
    for (int rank = 0; !is_whole && rank < 3; rank++) {
        for (uint32_t t = 0; t < count && p->drawn + 1 < p->height; t++) {
            if (rank_of(run->tasks[t].state) == rank) {
                draw_task(p, run, t, now_us);
            }
        }
    }
    if (!is_whole) {
        fprintf(p->out, "  %u of %zu tasks succeeded, %u failed\033[K\n", run->state_count[HK_TASK_SUCCESS], count,
                run->state_count[HK_TASK_FAILED]);
        p->drawn++;
    }
    fputs("\033[J", p->out);
}

/* ---- lines elsewhere ---- */

static void print_task(struct hk_progress *p, const struct hk_run *run, uint32_t t, int64_t now_us)
{
    char at[HK_ISO_SIZE];
    const struct hk_ti *ti = &run->tasks[t];
    hk_iso_z(now_us, at);
    fprintf(p->out, "%s %s %s", at, run->graph->tasks[t].task_id, hk_task_state_name(ti->state));
    double seconds = seconds_of(ti, now_us);
    if (seconds > 0 && ti->state != HK_TASK_RUNNING) {
        fprintf(p->out, " %.2fs", seconds);
    }
    fputc('\n', p->out);
}

static void print_run(struct hk_progress *p, const struct hk_run *run, int64_t now_us)
{
    char at[HK_ISO_SIZE];
    hk_iso_z(now_us, at);
    fprintf(p->out, "%s run %s %s\n", at, run->run_id, hk_run_state_name(run->state));
}

void hk_progress_tail(struct hk_progress *p, const struct hk_run *run, uint32_t t, size_t lines)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/dag_id=%s/run_id=%s/task_id=%s/attempt=%u.log", p->log_folder, run->dag->dag_id,
             run->run_id, run->graph->tasks[t].task_id, run->tasks[t].try_number);
    if (p->is_terminal) {
        fprintf(p->out, "  the end of %s's log:\033[K\n", run->graph->tasks[t].task_id);
    }
    hk_log_tail(path, lines, p->out);
}

void hk_progress_change(struct hk_progress *p, const struct hk_run *run, int64_t task, int64_t now_us)
{
    if (p->shown == NULL) {
        p->task_count = run->graph->task_count;
        p->shown = hk_alloc_array(p->task_count + 1, 1);
        memset(p->shown, UNSHOWN, p->task_count + 1);
    }
    size_t at = task >= 0 ? (size_t)task : p->task_count;
    uint8_t state = task >= 0 ? run->tasks[task].state : (uint8_t)run->state;
    if (p->shown[at] == state) {
        return;
    }
    p->shown[at] = state;
    bool has_failed = task >= 0 && (state == HK_TASK_FAILED || state == HK_TASK_UP_FOR_RETRY);
    if (p->is_terminal) {
        if (run->tasks != NULL) {
            draw(p, run, now_us);
        }
        if (has_failed) {
            hk_progress_tail(p, run, (uint32_t)task, TAIL_LINES);
            p->drawn = 0; /* the list begins anew below it */
        }
    } else if (task < 0) {
        print_run(p, run, now_us);
    } else if (is_news(state)) {
        print_task(p, run, (uint32_t)task, now_us);
        if (has_failed) {
            hk_progress_tail(p, run, (uint32_t)task, TAIL_LINES);
        }
    }
    fflush(p->out);
}
