/* Showing how a run goes: on a terminal a compact list that is drawn anew with each change, elsewhere one line a
 * change.
 *
 *     2026-11-22T20:51:10Z extract running
 *     2026-11-22T20:51:10Z extract success 0.12s
 *
 * Loop thread. */
#ifndef HK_CLI_PROGRESS_H
#define HK_CLI_PROGRESS_H

#include <stdio.h>

#include "scheduler/model.h"

struct hk_progress {
    FILE *out;
    bool is_terminal;
    size_t height; /* lines of the terminal that the list may take */
    const char *log_folder;
    uint8_t *shown; /* state last shown, by task */
    size_t task_count;
    size_t drawn; /* lines of the list that stand on the terminal */
};

void hk_progress_init(struct hk_progress *p, FILE *out, const char *log_folder);
void hk_progress_clear(struct hk_progress *p);

/* A task (or with a negative one the run itself) has changed. A failed task's last log lines are shown. */
void hk_progress_change(struct hk_progress *p, const struct hk_run *run, int64_t task, int64_t now_us);
/* The last lines of a task's log. */
void hk_progress_tail(struct hk_progress *p, const struct hk_run *run, uint32_t task, size_t lines);

#endif
