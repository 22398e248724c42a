/* Threads for what waits: reading folders, syncing files to the disk, talking to an object store. They are none of the
 * loop's, the writer's or HTTP's, so nothing else waits with them; they begin when there is work for the first time and
 * sleep when there is none. Jobs run in the order in which they came, HK_ARTIFACT_THREADS at a time. Any thread. */
#ifndef HK_ARTIFACTS_JOB_QUEUE_H
#define HK_ARTIFACTS_JOB_QUEUE_H

#include <stdbool.h>

struct hk_job_queue;

struct hk_job_queue *hk_job_queue_new(void);
void hk_job_queue_free(struct hk_job_queue *queue); /* runs what waits, then ends the threads; NULL is fine */
/* false: HK_MAX_ARTIFACT_JOBS wait already, and this one will not run. */
bool hk_job_queue_add(struct hk_job_queue *queue, void (*run)(void *arg), void *arg);

#endif
