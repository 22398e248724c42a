/* Finds what a dead shim left behind: processes whose environment says HANOK_HOME_ID=<ours>, and ends them. Reads
 * /proc, so never on the loop thread; no other state. */
#ifndef HK_WORKERS_PROC_SEARCH_H
#define HK_WORKERS_PROC_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

enum { HK_HOME_ID_SIZE = 40 };

/* Names the folder `home` for as long as it exists: device and inode number. false when it cannot be looked at. */
bool hk_home_id(const char *home, char out[HK_HOME_ID_SIZE]);

/* SIGKILL to the process groups of all such processes until none is found, for at most limit_ms. Returns how many
 * were left then (0: all gone). *ended_count is how many were found. */
size_t hk_proc_end_all(const char *home_id, int limit_ms, size_t *ended_count);

/* How many are alive now. */
size_t hk_proc_count(const char *home_id);

#endif
