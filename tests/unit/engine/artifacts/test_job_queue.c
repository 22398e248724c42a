/* The queue: all that is added runs once, some of it at the same time, and its end waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <cmocka.h>

#include "engine/artifacts/job_queue.h"
#include "engine/base/limits.h"

static atomic_int runs;
static uv_sem_t may_go;
static uv_sem_t is_there;

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void hold(void *arg)
{
    (void)arg;
    uv_sem_post(&is_there);
    uv_sem_wait(&may_go);
}

static void runs_what_waits(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    struct hk_job_queue *queue = hk_job_queue_new();
    for (int i = 0; i < 1000; i++) {
        assert_true(hk_job_queue_add(queue, count, &runs));
    }
    hk_job_queue_free(queue);
    assert_int_equal(atomic_load(&runs), 1000);
    hk_job_queue_free(hk_job_queue_new());
    hk_job_queue_free(NULL);
}

static void runs_side_by_side_and_has_an_end(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    uv_sem_init(&may_go, 0);
    uv_sem_init(&is_there, 0);
    struct hk_job_queue *queue = hk_job_queue_new();
    for (int i = 0; i < HK_ARTIFACT_THREADS; i++) {
        assert_true(hk_job_queue_add(queue, hold, NULL));
    }
    for (int i = 0; i < HK_ARTIFACT_THREADS; i++) {
        uv_sem_wait(&is_there);
    }
    for (int i = 0; i < HK_MAX_ARTIFACT_JOBS; i++) {
        assert_true(hk_job_queue_add(queue, count, &runs));
    }
    assert_false(hk_job_queue_add(queue, count, &runs));
    assert_int_equal(atomic_load(&runs), 0);
    for (int i = 0; i < HK_ARTIFACT_THREADS; i++) {
        uv_sem_post(&may_go);
    }
    hk_job_queue_free(queue);
    assert_int_equal(atomic_load(&runs), HK_MAX_ARTIFACT_JOBS);
    uv_sem_destroy(&may_go);
    uv_sem_destroy(&is_there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs_what_waits),
                                       cmocka_unit_test(runs_side_by_side_and_has_an_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
