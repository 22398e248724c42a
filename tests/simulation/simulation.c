/* simulation [--seed N] [--count N] [--days N] [--trace]
 *
 * Without options: 1000 seeds, each a universe of some hours; some of them twice, which must give the same event log;
 * and a few small universes once for each of their commits and steps of statements, which fails. With --seed one
 * universe is replayed. The failing seed and step are printed. */
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/log.h"
#include "tests/simulation/universe.h"

static struct universe universe; /* too large for the stack */

static bool run_one(const struct sim_options *options, uint64_t *hash, uint64_t *starts)
{
    bool ok = universe_run(&universe, options);
    *hash = universe.hash;
    *starts += universe.executor.starts;
    if (!ok) {
        printf("FAILED seed %" PRIu64 " at step %" PRIu64 ": %s\n", options->seed, universe.step, universe.failure);
        printf("replay: simulation --seed %" PRIu64 " --fail-commit %d --fail-step %d --trace\n", options->seed,
               options->fail_commit, options->fail_step);
    }
    return ok;
}

static bool run_many(struct sim_options options, uint64_t count)
{
    uint64_t starts = 0;
    uint64_t failed = 0;
    for (uint64_t i = 0; i < count && failed < 5; i++) {
        uint64_t hash = 0;
        uint64_t again = 0;
        options.seed = i + 1;
        if (!run_one(&options, &hash, &starts)) {
            failed++;
            continue;
        }
        if (i % 50 == 0 && (!run_one(&options, &again, &starts) || hash != again)) {
            printf("FAILED seed %" PRIu64 ": two runs of it differ\n", options.seed);
            failed++;
        }
    }
    printf("%" PRIu64 " universes, %" PRIu64 " tasks started, %" PRIu64 " failed\n", count, starts, failed);
    return failed == 0;
}

/* Each commit of some small universes fails once. */
static bool run_failing_commits(struct sim_options options)
{
    static const uint64_t seeds[] = {1, 3, 5, 7, 11};
    uint64_t starts = 0;
    uint64_t hash = 0;
    uint64_t failures = 0;
    options.length_us = HK_HOUR_US / 4;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        options.seed = seeds[i];
        options.fail_commit = -1;
        bool ok = run_one(&options, &hash, &starts);
        uint64_t count = universe.commits + MAX_DAGS + 1; /* and the schema of the test itself */
        for (uint64_t nth = 1; ok && nth <= count; nth++) {
            options.fail_commit = (int)nth;
            ok = run_one(&options, &hash, &starts);
            failures++;
        }
        if (!ok) {
            return false;
        }
    }
    printf("%" PRIu64 " commits failed, one each time\n", failures);
    return failures > 100;
}

/* And so does each step of a statement inside of a write: that write alone is undone. */
static bool run_failing_steps(struct sim_options options)
{
    static const uint64_t seeds[] = {1, 2, 4};
    uint64_t starts = 0;
    uint64_t hash = 0;
    int failures = 0;
    options.length_us = HK_HOUR_US;
    options.fail_commit = -1;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        options.seed = seeds[i];
        options.fail_step = INT_MAX;
        bool ok = run_one(&options, &hash, &starts);
        int count = INT_MAX - universe.failing_step_left;
        for (int nth = 1; ok && nth <= count; nth++) {
            options.fail_step = nth;
            ok = run_one(&options, &hash, &starts);
            failures++;
        }
        if (!ok) {
            return false;
        }
    }
    printf("%d steps failed, one each time\n", failures);
    return failures > 100;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"seed", required_argument, NULL, 's'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"days", required_argument, NULL, 'd'},
                                          {"fail-commit", required_argument, NULL, 'f'},
                                          {"fail-step", required_argument, NULL, 'p'},
                                          {"trace", no_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    struct sim_options options = {0};
    uint64_t count = 1000;
    bool is_one = false;
    int c = 0;
    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        int64_t value = 0;
        if (c == '?' || (optarg != NULL && !hk_str_to_i64(hk_str_from(optarg), &value))) {
            fprintf(
                stderr,
                "usage: simulation [--seed N] [--count N] [--days N] [--fail-commit N] [--fail-step N] [--trace]\n");
            return 2;
        }
        if (c == 's') {
            options.seed = (uint64_t)value;
            is_one = true;
        } else if (c == 'c') {
            count = (uint64_t)value;
        } else if (c == 'd') {
            options.length_us = value * HK_DAY_US;
        } else if (c == 'f') {
            options.fail_commit = (int)value;
        } else if (c == 'p') {
            options.fail_step = (int)value;
        } else {
            options.trace = true;
        }
    }
    hk_log_configure((enum hk_log_level)(HK_ERROR + 1), false);
    if (is_one) {
        uint64_t hash = 0;
        uint64_t starts = 0;
        bool ok = run_one(&options, &hash, &starts);
        printf("seed %" PRIu64 ": %" PRIu64 " steps, %" PRIu64 " starts, event log %016" PRIx64 "\n", options.seed,
               universe.step, starts, hash);
        return ok ? 0 : 1;
    }
    return run_many(options, count) && run_failing_commits(options) && run_failing_steps(options) ? 0 : 1;
}
