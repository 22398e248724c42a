/* The last lines of a task's log, for people: the events of Airflow's JSON lines, one a line. */
#ifndef HK_CLI_LOG_TAIL_H
#define HK_CLI_LOG_TAIL_H

#include <stddef.h>
#include <stdio.h>

/* Indented by four spaces. A file that is not there shows as nothing. */
void hk_log_tail(const char *path, size_t lines, FILE *out);

#endif
