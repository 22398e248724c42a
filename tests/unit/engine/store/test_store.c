#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/store/schema.h"
#include "engine/store/store.h"

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hanok-test-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hanok.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", path, names[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static struct hk_store *open_store(const char *at, bool is_inline)
{
    struct hk_store *store = NULL;
    struct hk_error err = {0};
    struct hk_store_options options = {.path = at, .is_inline = is_inline, .no_sync = true};
    if (!hk_store_open(&options, &store, &err)) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* A write that adds a pool named by its number, and optionally fails after that. */
struct add {
    int number;
    bool fails;
    int done;
    enum hk_code code;
};

static bool run_add(struct hk_db *db, void *arg, struct hk_error *err)
{
    static const char SQL[] = "INSERT INTO pool (name, slots) VALUES (?1, 1)";
    struct add *add = arg;
    char name[32];
    snprintf(name, sizeof name, "p%d", add->number);
    struct hk_stmt *q = hk_db_query(db, SQL);
    hk_bind_text(q, 1, name);
    return hk_run(q, err) && (!add->fails || hk_error_set(err, HK_INVALID, "refused"));
}

static void done_add(void *arg, const struct hk_error *err)
{
    struct add *add = arg;
    add->done++;
    add->code = err != NULL ? err->code : HK_OK;
}

static int64_t count_pools(struct hk_store *store)
{
    static const char SQL[] = "SELECT count(*) FROM pool WHERE name LIKE 'p%'";
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    int64_t count = -1;
    assert_true(hk_store_reader_take(store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, SQL);
    while (hk_step(q, &ok, &err)) {
        count = hk_column_int(q, 0);
    }
    assert_true(ok);
    hk_store_reader_give(store, db);
    return count;
}

static void submit(struct hk_store *store, struct add *add)
{
    struct hk_write write = {run_add, done_add, add, false};
    hk_store_submit(store, &write);
}

static void a_part_that_fails_undoes_just_itself(void **state)
{
    (void)state;
    struct hk_store *store = open_store(":memory:", true);
    struct add adds[] = {{.number = 1}, {.number = 2, .fails = true}, {.number = 1}, {.number = 3}};
    for (size_t i = 0; i < 4; i++) {
        submit(store, &adds[i]);
    }
    assert_false(hk_store_is_idle(store));
    hk_store_pump(store);
    assert_int_equal(adds[0].code, HK_OK);
    assert_int_equal(adds[1].code, HK_INVALID);
    assert_int_equal(adds[2].code, HK_CONFLICT); /* the name is taken */
    assert_int_equal(adds[3].code, HK_OK);
    assert_int_equal(count_pools(store), 2);
    assert_true(hk_store_is_idle(store));
    hk_store_close(store);
}

/* The first has no savepoint of its own. */
static void a_first_part_that_fails_undoes_just_itself(void **state)
{
    (void)state;
    struct hk_store *store = open_store(":memory:", true);
    struct add adds[] = {{.number = 1, .fails = true}, {.number = 1}, {.number = 2, .fails = true}, {.number = 2}};
    for (size_t i = 0; i < 4; i++) {
        submit(store, &adds[i]);
    }
    hk_store_pump(store);
    assert_int_equal(adds[0].code, HK_INVALID);
    assert_int_equal(adds[1].code, HK_OK); /* the name is free again */
    assert_int_equal(adds[2].code, HK_INVALID);
    assert_int_equal(adds[3].code, HK_OK);
    assert_int_equal(count_pools(store), 2);
    hk_store_close(store);
}

static void a_failed_commit_undoes_all_of_the_batch(void **state)
{
    (void)state;
    struct hk_store *store = open_store(":memory:", true);
    struct add adds[] = {{.number = 1}, {.number = 2, .fails = true}, {.number = 3}};
    hk_store_fail_commit(store, 1);
    for (size_t i = 0; i < 3; i++) {
        submit(store, &adds[i]);
    }
    hk_store_pump(store);
    assert_int_equal(adds[0].code, HK_UNAVAILABLE);
    assert_int_equal(adds[1].code, HK_INVALID);
    assert_int_equal(adds[2].code, HK_UNAVAILABLE);
    assert_int_equal(count_pools(store), 0);
    submit(store, &adds[0]);
    hk_store_pump(store);
    assert_int_equal(adds[0].code, HK_OK);
    assert_int_equal(count_pools(store), 1);
    hk_store_close(store);
}

/* A full disk may end the transaction inside SQLite. What came before it is gone, and what comes after must not slip in
 * alone. */
static bool run_lose(struct hk_db *db, void *arg, struct hk_error *err)
{
    (void)arg;
    return hk_db_exec(db, "ROLLBACK", err) && hk_error_set(err, HK_IO, "the disk is full");
}

static void a_transaction_that_ended_by_itself_fails_as_a_whole(void **state)
{
    (void)state;
    struct hk_store *store = open_store(":memory:", true);
    struct add adds[] = {{.number = 1}, {.number = 2}};
    struct add lost = {0};
    submit(store, &adds[0]);
    struct hk_write write = {run_lose, done_add, &lost, false};
    hk_store_submit(store, &write);
    submit(store, &adds[1]);
    hk_store_pump(store);
    assert_int_equal(adds[0].code, HK_IO);
    assert_int_equal(lost.code, HK_IO);
    assert_int_equal(adds[1].code, HK_IO);
    assert_int_equal(count_pools(store), 0);
    hk_store_close(store);
}

static void an_abandoned_write_is_cancelled_and_may_be_committed(void **state)
{
    (void)state;
    struct hk_store *store = open_store(":memory:", true);
    struct add adds[] = {{.number = 1}, {.number = 2}};
    submit(store, &adds[0]);
    hk_store_commit(store);
    submit(store, &adds[1]);
    hk_store_abandon(store);
    assert_int_equal(adds[0].code, HK_CANCELLED);
    assert_int_equal(adds[1].code, HK_CANCELLED);
    assert_int_equal(adds[0].done + adds[1].done, 2);
    assert_int_equal(count_pools(store), 1);
    hk_store_close(store);
}

static void a_second_engine_on_one_home_is_refused(void **state)
{
    (void)state;
    struct hk_store *store = open_store(path, false);
    struct hk_store *second = NULL;
    struct hk_error err = {0};
    struct hk_store_options options = {.path = path};
    assert_false(hk_store_open(&options, &second, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    assert_non_null(strstr(err.message, "another hanok is running"));
    hk_store_close(store);
    hk_store_close(open_store(path, false)); /* free again */
}

/* As of a killed engine's child that has not got to be another program yet. */
static void a_lock_that_outlives_its_engine_is_waited_for(void **state)
{
    (void)state;
    hk_store_close(open_store(path, false));
    char lock[128];
    snprintf(lock, sizeof lock, "%s.lock", path);
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        _exit(0);
    }
    close(fd); /* the child has it still */
    struct hk_store *store = NULL;
    struct hk_error err = {0};
    struct hk_store_options options = {.path = path, .lock_wait_ms = 60000};
    assert_true(hk_store_open(&options, &store, &err));
    hk_store_close(store);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static bool run_future(struct hk_db *db, void *arg, struct hk_error *err)
{
    (void)arg;
    return hk_db_exec(db, "PRAGMA user_version = 999", err);
}

static void the_database_is_for_its_owner_only(void **state)
{
    (void)state;
    static const char *const names[] = {"", "-wal", "-shm"};
    mode_t mask = umask(022);
    struct hk_store *store = open_store(path, true);
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", path, names[i]);
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    hk_store_close(store);
    umask(mask);
}

static void a_newer_database_is_refused_and_a_known_one_kept(void **state)
{
    (void)state;
    struct hk_store *store = open_store(path, false);
    struct add add = {.number = 1};
    struct hk_error err = {0};
    assert_true(hk_store_write_now(store, run_add, &add, &err));
    hk_store_close(store);
    store = open_store(path, false);
    assert_int_equal(count_pools(store), 1);
    assert_true(hk_store_write_now(store, run_future, NULL, &err));
    hk_store_close(store);
    struct hk_store_options options = {.path = path};
    assert_false(hk_store_open(&options, &store, &err));
    assert_int_equal(err.code, HK_INVALID);
    assert_non_null(strstr(err.message, "newer hanok"));
}

/* A database as migrations 1 to 6 left it, but one thing that migration 7 makes is there already: it fails after its
 * first statements. */
static void make_half_migrated(void)
{
    struct hk_db *db = NULL;
    struct hk_error err = {0};
    assert_true(hk_db_open(path, HK_DB_READ_WRITE, &db, &err));
    for (int i = 0; i < 6; i++) {
        assert_true(hk_db_exec(db, hk_schema_sql[i], &err));
    }
    assert_true(hk_db_exec(db,
                           "CREATE TRIGGER dag_version_deleted AFTER DELETE ON dag_version BEGIN SELECT 1; END; "
                           "PRAGMA user_version = 6",
                           &err));
    hk_db_close(db);
}

static void a_migration_happens_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct hk_store *store = NULL;
    struct hk_db *db = NULL;
    struct hk_error err = {0};
    struct hk_store_options options = {.path = path};
    make_half_migrated();
    for (int i = 0; i < 2; i++) { /* the second finds what the first has left */
        assert_false(hk_store_open(&options, &store, &err));
        assert_non_null(strstr(err.message, "migration 7"));
        assert_non_null(strstr(err.message, "dag_version_deleted already exists"));
    }
    assert_true(hk_db_open(path, HK_DB_READ_WRITE, &db, &err));
    assert_true(hk_db_exec(db, "DROP TRIGGER dag_version_deleted", &err));
    hk_db_close(db);
    hk_store_close(open_store(path, false));
}

static void what_is_no_database_is_refused(void **state)
{
    (void)state;
    struct hk_store *store = NULL;
    struct hk_error err = {0};
    struct hk_store_options options = {.path = path};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++) {
        fprintf(file, "this is not a database\n");
    }
    fclose(file);
    assert_false(hk_store_open(&options, &store, &err));
    assert_int_equal(err.code, HK_CORRUPT);
    char nowhere[128];
    snprintf(nowhere, sizeof nowhere, "%s/none/hanok.db", folder);
    options.path = nowhere;
    assert_false(hk_store_open(&options, &store, &err));
    assert_int_equal(err.code, HK_IO);
}

/* ---- threads ---- */

enum { THREADS = 4, WRITES = 200 };

struct writer {
    struct hk_store *store;
    int number;
    bool ok;
};

static void *write_many(void *arg)
{
    struct writer *writer = arg;
    writer->ok = true;
    for (int i = 0; i < WRITES; i++) {
        struct add add = {.number = writer->number * WRITES + i, .fails = i % 10 == 9};
        struct hk_error err;
        bool ok = hk_store_write_now(writer->store, run_add, &add, &err);
        writer->ok = writer->ok && ok == !add.fails;
        writer->ok = writer->ok && (i % 50 != 0 || count_pools(writer->store) > 0);
    }
    return NULL;
}

static void many_threads_write_and_read(void **state)
{
    (void)state;
    struct hk_store *store = open_store(path, false);
    pthread_t threads[THREADS];
    struct writer writers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){store, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(writers[i].ok);
    }
    assert_int_equal(count_pools(store), THREADS * WRITES * 9 / 10);
    hk_store_close(store);
}

static void closing_finishes_and_delivers_what_was_submitted(void **state)
{
    (void)state;
    struct hk_store *store = open_store(path, false);
    struct add adds[100];
    memset(adds, 0, sizeof adds);
    for (int i = 0; i < 100; i++) {
        adds[i].number = i;
        submit(store, &adds[i]);
    }
    hk_store_close(store);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(adds[i].done, 1);
        assert_int_equal(adds[i].code, HK_OK);
    }
}

static void a_reader_sees_one_state_of_the_database(void **state)
{
    (void)state;
    static const char SQL[] = "SELECT count(*) FROM pool";
    struct hk_store *store = open_store(path, false);
    struct hk_db *db = NULL;
    struct hk_error err;
    struct add add = {.number = 1};
    bool ok = true;
    int64_t counts[2] = {0};
    assert_true(hk_store_reader_take(store, &db, &err));
    for (int i = 0; i < 2; i++) {
        struct hk_stmt *q = hk_db_query(db, SQL);
        while (hk_step(q, &ok, &err)) {
            counts[i] = hk_column_int(q, 0);
        }
        if (i == 0) {
            assert_true(hk_store_write_now(store, run_add, &add, &err));
        }
    }
    assert_int_equal(counts[0], counts[1]);
    assert_false(hk_db_exec(db, "DELETE FROM pool", &err)); /* and cannot write */
    hk_store_reader_give(store, db);
    assert_int_equal(count_pools(store), 1);
    hk_store_close(store);
}

static void a_reader_that_stopped_half_way_holds_no_old_state(void **state)
{
    (void)state;
    static const char SQL[] = "SELECT name FROM pool";
    struct hk_store *store = open_store(path, false);
    struct hk_db *db = NULL;
    struct hk_error err;
    struct add adds[] = {{.number = 1}, {.number = 2}};
    bool ok = true;
    assert_true(hk_store_write_now(store, run_add, &adds[0], &err));
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_step(hk_db_query(db, SQL), &ok, &err)); /* and no further */
    hk_store_reader_give(store, db);
    assert_true(hk_store_write_now(store, run_add, &adds[1], &err));
    assert_int_equal(count_pools(store), 2);
    hk_store_close(store);
}

static bool run_fill(struct hk_db *db, void *arg, struct hk_error *err)
{
    static const char SQL[] = "INSERT OR REPLACE INTO pool (name, slots, description) VALUES (?1, 1, ?2)";
    static char text[1024 * 1024];
    struct hk_stmt *q = hk_db_query(db, SQL);
    memset(text, 'x', sizeof text - 1);
    hk_bind_text(q, 1, arg);
    hk_bind_text(q, 2, text);
    return hk_run(q, err);
}

static off_t log_bytes(void)
{
    char name[128];
    struct stat st;
    snprintf(name, sizeof name, "%s-wal", path);
    assert_int_equal(stat(name, &st), 0);
    return st.st_size;
}

struct crowd {
    struct hk_store *store;
    atomic_bool is_over;
};

/* Somebody reads at every moment: each reader comes before the one before it goes. */
static void *read_always(void *arg)
{
    static const char SQL[] = "SELECT count(*) FROM pool";
    struct crowd *crowd = arg;
    struct hk_db *readers[2] = {NULL, NULL};
    struct hk_error err;
    for (int i = 0; !atomic_load(&crowd->is_over); i = 1 - i) {
        bool ok = true;
        assert_true(hk_store_reader_take(crowd->store, &readers[i], &err));
        while (hk_step(hk_db_query(readers[i], SQL), &ok, &err)) {
            hk_reset(hk_db_query(readers[i], SQL));
            break;
        }
        if (readers[1 - i] != NULL) {
            hk_store_reader_give(crowd->store, readers[1 - i]);
            readers[1 - i] = NULL;
        }
        usleep(2000);
    }
    for (int i = 0; i < 2; i++) {
        if (readers[i] != NULL) {
            hk_store_reader_give(crowd->store, readers[i]);
        }
    }
    return NULL;
}

/* SQLite begins its log anew by itself only at a moment when nobody reads from it. */
static void the_log_does_not_grow_for_ever_under_readers(void **state)
{
    (void)state;
    struct crowd crowd = {.store = open_store(path, false)};
    struct hk_error err;
    pthread_t thread;
    off_t most = 0;
    assert_int_equal(pthread_create(&thread, NULL, read_always, &crowd), 0);
    for (int i = 0; i < 300; i++) {
        assert_true(hk_store_write_now(crowd.store, run_fill, "p", &err));
        most = log_bytes() > most ? log_bytes() : most;
    }
    atomic_store(&crowd.is_over, true);
    pthread_join(thread, NULL);
    assert_true(most < 128 * 1024 * 1024);
    for (int i = 0; i < 10; i++) { /* and what it took is given back */
        assert_true(hk_store_write_now(crowd.store, run_fill, "p", &err));
    }
    assert_true(log_bytes() <= 32 * 1024 * 1024);
    hk_store_close(crowd.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_fails_undoes_just_itself),
        cmocka_unit_test(a_first_part_that_fails_undoes_just_itself),
        cmocka_unit_test(a_failed_commit_undoes_all_of_the_batch),
        cmocka_unit_test(a_transaction_that_ended_by_itself_fails_as_a_whole),
        cmocka_unit_test(an_abandoned_write_is_cancelled_and_may_be_committed),
        cmocka_unit_test_setup_teardown(a_second_engine_on_one_home_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_lock_that_outlives_its_engine_is_waited_for, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_database_is_for_its_owner_only, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_newer_database_is_refused_and_a_known_one_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_migration_happens_as_a_whole_or_not_at_all, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_database_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(many_threads_write_and_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(closing_finishes_and_delivers_what_was_submitted, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_reader_sees_one_state_of_the_database, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_reader_that_stopped_half_way_holds_no_old_state, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_log_does_not_grow_for_ever_under_readers, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
