#include "engine/artifacts/job_queue.h"

#include <stdlib.h>
#include <uv.h>

#include "engine/base/alloc.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"

struct job {
    struct job *next;
    void (*run)(void *arg);
    void *arg;
};

struct hk_job_queue {
    uv_mutex_t lock; /* guards all below */
    uv_cond_t changed;
    uv_thread_t threads[HK_ARTIFACT_THREADS];
    int thread_count;
    int idle_count;
    struct job *head;
    struct job *tail;
    int length;
    bool is_stopping;
};

static struct job *take(struct hk_job_queue *queue)
{
    struct job *job = queue->head;
    queue->head = job->next;
    if (queue->head == NULL) {
        queue->tail = NULL;
    }
    queue->length--;
    return job;
}

static void work(void *arg)
{
    struct hk_job_queue *queue = arg;
    uv_mutex_lock(&queue->lock);
    for (;;) {
        while (queue->head == NULL && !queue->is_stopping) {
            queue->idle_count++;
            uv_cond_wait(&queue->changed, &queue->lock);
            queue->idle_count--;
        }
        if (queue->head == NULL) {
            break;
        }
        struct job *job = take(queue);
        uv_mutex_unlock(&queue->lock);
        job->run(job->arg);
        free(job);
        uv_mutex_lock(&queue->lock);
    }
    uv_mutex_unlock(&queue->lock);
}

struct hk_job_queue *hk_job_queue_new(void)
{
    struct hk_job_queue *queue = hk_alloc(sizeof *queue);
    HK_ASSERT(uv_mutex_init(&queue->lock) == 0);
    HK_ASSERT(uv_cond_init(&queue->changed) == 0);
    return queue;
}

void hk_job_queue_free(struct hk_job_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    uv_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    uv_cond_broadcast(&queue->changed);
    uv_mutex_unlock(&queue->lock);
    for (int i = 0; i < queue->thread_count; i++) {
        uv_thread_join(&queue->threads[i]);
    }
    uv_cond_destroy(&queue->changed);
    uv_mutex_destroy(&queue->lock);
    free(queue);
}

bool hk_job_queue_add(struct hk_job_queue *queue, void (*run)(void *arg), void *arg)
{
    uv_mutex_lock(&queue->lock);
    bool has_room = queue->length < HK_MAX_ARTIFACT_JOBS && !queue->is_stopping;
    if (has_room) {
        struct job *job = hk_alloc(sizeof *job);
        *job = (struct job){NULL, run, arg};
        *(queue->tail != NULL ? &queue->tail->next : &queue->head) = job;
        queue->tail = job;
        queue->length++;
        if (queue->idle_count < queue->length && queue->thread_count < HK_ARTIFACT_THREADS) {
            HK_ASSERT(uv_thread_create(&queue->threads[queue->thread_count], work, queue) == 0);
            queue->thread_count++;
        }
        uv_cond_signal(&queue->changed);
    }
    uv_mutex_unlock(&queue->lock);
    return has_room;
}
