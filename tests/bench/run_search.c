/* MLflow's searches over many runs. usage: run_search [RUNS [METRICS_PER_RUN]]
 *
 * Fills a store with runs in one experiment of ten, each with metrics, params and tags, and prints how long searches
 * take: the median of 21, in milliseconds, the page's keys only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/store/ml_search.h"
#include "engine/store/store.h"

enum { ROUNDS = 21 };

static void must(bool ok, const struct hk_error *err)
{
    if (!ok) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

struct fill {
    int runs;
    int metrics;
};

/* Values are scattered by multiplying, so that they have nothing to do with each other or the order of runs. */
static bool fill(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct fill *f = arg;
    char sql[4096];
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO experiment "
        "(experiment_key, name, artifact_location, created_ms, updated_ms) SELECT i + 1, 'e' || i, 'x', 1, 1 FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO ml_run "
        "(run_uuid, experiment_key, name, user_id, status, start_ms, end_ms, artifact_uri) SELECT "
        "printf('%%016x%%016x', i * 2654435761 %% 4294967296, i), CASE WHEN i %% 20 THEN 1 ELSE 1 + i / 20 %% 10 END, "
        "'run-' || i, 'u', 'FINISHED', i * 7919 %% 1000003, 5, 'mlflow-artifacts:/1/x' FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1) INSERT INTO "
        "ml_latest_metric (run_key, key, value, timestamp_ms, step, is_nan) SELECT run_key, 'metric_' || i, "
        "(run_key * 48271 + i * 7) %% 100003 / 100003.0, 1, 1, 0 FROM ml_run, n;"
        "INSERT INTO ml_param SELECT run_key, 'model', 'kind-' || (run_key * 69621 %% 65537 %% 5) FROM ml_run;"
        "INSERT INTO ml_param SELECT run_key, 'seed', run_key FROM ml_run;"
        "INSERT INTO ml_run_tag SELECT run_key, 'team', 'team-' || (run_key * 16807 %% 65521 %% 4) FROM ml_run;"
        "INSERT INTO ml_run_tag SELECT run_key, 'mlflow.runName', name FROM ml_run;"
        "INSERT INTO ml_latest_metric SELECT run_key, 'rare', run_key, 1, 1, 0 FROM ml_run WHERE run_key %% 2000 = 0",
        f->runs, f->metrics);
    return hk_db_exec(db, sql, err);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static void measure(struct hk_db *db, const char *filter, const char *order, int64_t offset)
{
    int64_t took[ROUNDS];
    struct hk_error err;
    struct hk_arena arena = {0};
    struct hk_ml_found found = {0};
    for (int round = 0; round < ROUNDS; round++) {
        const int64_t experiments[] = {1};
        struct hk_search_order orders[1];
        struct hk_ml_search search = {.experiments = experiments,
                                      .experiment_count = 1,
                                      .lifecycle = "active",
                                      .orders = orders,
                                      .limit = 100,
                                      .offset = offset};
        hk_arena_reset(&arena);
        int64_t begin = hk_clock_monotonic_us(hk_clock_system());
        must(hk_search_filter_parse(HK_SEARCH_RUNS, hk_str_from(filter), &arena, &search.filter, &err), &err);
        if (order[0] != '\0') {
            must(hk_search_order_parse(HK_SEARCH_RUNS, hk_str_from(order), &arena, &orders[0], &err), &err);
            search.order_count = 1;
        }
        must(hk_store_search_runs(db, &search, &arena, &found, &err), &err);
        took[round] = hk_clock_monotonic_us(hk_clock_system()) - begin;
    }
    qsort(took, ROUNDS, sizeof took[0], by_value);
    const int64_t median = took[(ROUNDS - 1) / 2];
    printf("%8.2f ms  %3zu%s  filter \"%s\" order \"%s\" offset %lld\n", (double)median / 1000, found.count,
           found.has_more ? "+" : " ", filter, order, (long long)offset);
    hk_arena_clear(&arena);
}

static void fill_store(struct hk_store *store, struct fill *f)
{
    struct hk_error err;
    must(hk_store_write_now(store, fill, f, &err), &err);
}

int main(int argc, char **argv)
{
    struct fill f = {argc > 1 ? (int)strtol(argv[1], NULL, 10) : 100000, argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5};
    char folder[] = "/tmp/hanok-bench-XXXXXX";
    char path[64];
    struct hk_error err;
    struct hk_store *store = NULL;
    struct hk_db *db = NULL;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/hanok.db", folder);
    const struct hk_store_options options = {.path = path, .is_inline = true, .no_sync = true};
    must(hk_store_open(&options, &store, &err), &err);
    fill_store(store, &f);
    must(hk_store_reader_take(store, &db, &err), &err);
    measure(db, "", "", 0);
    measure(db, "", "metrics.metric_0 DESC", 0);
    measure(db, "", "params.seed", 0);
    measure(db, "", "metrics.rare DESC", 0);
    measure(db, "metrics.metric_1 > 0.5 AND params.model = 'kind-1' AND tags.team = 'team-1'", "metrics.metric_0 DESC",
            0);
    measure(db, "metrics.metric_1 > 0.5 AND params.model = 'kind-1' AND tags.team = 'team-1'", "metrics.metric_0 DESC",
            1000);
    measure(db, "metrics.metric_1 > 0.5 AND params.model = 'kind-1' AND tags.team = 'team-1'", "", 0);
    measure(db, "metrics.metric_1 > 0.999 AND params.model = 'kind-1'", "metrics.metric_0 DESC", 0);
    measure(db, "metrics.metric_1 > 0.5 AND metrics.metric_1 < 0.5", "metrics.metric_0 DESC", 0);
    measure(db, "params.model = 'kind-9' AND tags.team = 'team-1'", "metrics.metric_0", 0);
    measure(db, "params.model LIKE '%-1' AND tags.team ILIKE 'TEAM-1'", "metrics.metric_0", 0);
    measure(db, "params.model LIKE '%-9'", "metrics.metric_0", 0);
    measure(db, "params.seed = '77777'", "", 0);
    measure(db, "attributes.run_name = 'run-777'", "", 0);
    measure(db, "metrics.metric_0 > 0.5", "", 50000);
    hk_store_reader_give(store, db);
    hk_store_close(store);
    static const char *const left[] = {"hanok.db", "hanok.db-wal", "hanok.db-shm"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, left[i]);
        (void)unlink(path);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
