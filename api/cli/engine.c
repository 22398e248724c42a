#include "api/cli/engine.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/airflow/rest.h"
#include "api/cli/artifacts.h"
#include "api/cli/dag_callback.h"
#include "api/cli/door.h"
#include "api/cli/home_url.h"
#include "api/cli/known_dag.h"
#include "api/cli/task_lineage.h"
#include "api/cli/webhook_rules.h"
#include "api/http/login.h"
#include "api/http/server.h"
#include "api/mlflow/mlflow.h"
#include "api/mlflow/model_files.h"
#include "dags/bundle.h"
#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/secret.h"
#include "engine/store/user_store.h"
#include "scheduler/promoter.h"
#include "workers/local.h"
#include "workers/parser.h"
#include "workers/services.h"
#include "workers/supervisor.h"

#define FAR_AWAY_US (INT64_C(400) * 365 * HK_DAY_US) /* the year 2369 */

enum {
    TIMER_CAP_MS = 3600 * 1000, /* at most so long asleep, lest a changed wall clock is noticed too late */
    LATEST_END_MS = 100,        /* how late the kernel ends a sleep at the most */
    LOCK_WAIT_MS = 2000,
};

struct posted {
    void (*fn)(void *arg);
    void *arg;
};

struct hk_engine {
    struct hk_engine_options options;
    struct hk_secret_key key;
    char hostname[256];
    char unixname[64];
    uv_loop_t loop;
    struct hk_rand rand;
    char stub_folder[HK_HOME_PATH_SIZE + 32];
    struct hk_store *store;
    struct hk_scheduler *scheduler;
    struct hk_local *local;
    struct hk_services *services;
    struct hk_supervisor *supervisor;
    struct hk_parser *parser;
    struct hk_dag_callbacks callbacks;
    struct hk_bundle **bundles;
    size_t bundle_count;
    size_t unsettled; /* bundles whose first scan is under way */
    struct hk_router *router;
    struct hk_auth *auth;
    struct hk_airflow *airflow;
    struct hk_artifacts *artifacts;
    struct hk_job_queue *jobs;
    struct hk_mlflow *mlflow;
    struct hk_promoter *promoter;
    struct hk_cli_door cli_door;
    struct hk_cli_lineage lineage;
    struct hk_http *http;

    uv_async_t wake; /* from the writer thread and hk_engine_post */
    uv_check_t step; /* after each turn in which the scheduler was woken */
    uv_idle_t spin;  /* keeps such a turn from waiting */
    uv_timer_t timer;
    uv_timer_t promotions; /* the window of a policy opens */
    uv_signal_t signals[2];
    bool is_quitting;
    bool is_local_gone;
    size_t open_bundles;

    uv_mutex_t mutex; /* guards posted */
    struct posted *posted;
    size_t posted_count;
    size_t posted_cap;
};

/* ---- the loop ---- */

static void on_step(uv_check_t *check)
{
    struct hk_engine *e = check->data;
    uv_check_stop(&e->step);
    uv_idle_stop(&e->spin);
    hk_scheduler_step(e->scheduler);
}

static void on_spin(uv_idle_t *idle)
{
    (void)idle;
}

static void scheduler_wake(void *context)
{
    struct hk_engine *e = context;
    uv_idle_start(&e->spin, on_spin);
    uv_check_start(&e->step, on_step);
}

static void on_timer(uv_timer_t *timer)
{
    scheduler_wake(timer->data);
}

/* To save power the kernel ends a sleep of epoll_wait up to a thousandth of its length late: a long one is cut short by
 * twice that, and what is left is slept by itself. */
static uint64_t sleep_ms(int64_t left_us)
{
    int64_t left_ms = left_us <= 0 ? 0 : (left_us + 999) / 1000;
    left_ms = left_ms < TIMER_CAP_MS ? left_ms : TIMER_CAP_MS;
    int64_t late_ms = left_ms / 1000 < LATEST_END_MS ? left_ms / 1000 : LATEST_END_MS;
    return (uint64_t)(left_ms - 2 * late_ms);
}

static void scheduler_timer(void *context, int64_t at_us)
{
    struct hk_engine *e = context;
    if (at_us == HK_TIME_NONE) {
        uv_timer_stop(&e->timer);
        return;
    }
    int64_t left_us = at_us - hk_clock_wall_us(hk_clock_system());
    uv_update_time(&e->loop);
    uv_timer_start(&e->timer, on_timer, sleep_ms(left_us), 0);
}

static void store_notify(void *context)
{
    struct hk_engine *e = context;
    uv_async_send(&e->wake);
}

void hk_engine_post(void *context, void (*fn)(void *arg), void *arg)
{
    struct hk_engine *e = context;
    uv_mutex_lock(&e->mutex);
    hk_array_grow((void **)&e->posted, &e->posted_cap, e->posted_count + 1, sizeof *e->posted);
    e->posted[e->posted_count++] = (struct posted){fn, arg};
    uv_mutex_unlock(&e->mutex);
    uv_async_send(&e->wake);
}

static void run_posted(struct hk_engine *e)
{
    uv_mutex_lock(&e->mutex);
    struct posted *posted = e->posted;
    size_t count = e->posted_count;
    e->posted = NULL;
    e->posted_count = 0;
    e->posted_cap = 0;
    uv_mutex_unlock(&e->mutex);
    for (size_t i = 0; i < count; i++) {
        posted[i].fn(posted[i].arg);
    }
    free(posted);
}

static void quit_further(struct hk_engine *e);

static void on_wake(uv_async_t *async)
{
    struct hk_engine *e = async->data;
    run_posted(e);
    if (e->store != NULL) {
        hk_store_deliver(e->store);
    }
    if (e->is_quitting) {
        quit_further(e);
    }
}

/* ---- DAG folders ---- */

static char *describe(const struct hk_schedule *schedule, bool *is_periodic, struct hk_error *err)
{
    struct hk_timetable *timetable = NULL;
    if (!hk_timetable_new(schedule, &timetable, err)) {
        return NULL;
    }
    *is_periodic = hk_timetable_is_periodic(timetable);
    char *text = hk_strdup(hk_timetable_description(timetable));
    hk_timetable_free(timetable);
    return text;
}

static void on_dag(void *context, const struct hk_bundle_dag *dag)
{
    struct hk_engine *e = context;
    struct hk_error err;
    struct hk_dag_update update = {.graph = dag->graph,
                                   .version_key = dag->saved->version_key,
                                   .version_id = dag->saved->version_id,
                                   .is_paused = dag->saved->is_paused,
                                   .last_start_us = dag->saved->last_start_us,
                                   .last_end_us = dag->saved->last_end_us,
                                   .failed_in_row = dag->saved->failed_in_row};
    if (e->options.only_triggered) {
        update.is_paused = true;
        update.last_start_us = FAR_AWAY_US; /* the next automated run comes after that */
        update.last_end_us = FAR_AWAY_US;
    }
    if (!hk_scheduler_dag_put(e->scheduler, &update, &err)) {
        hk_log(HK_ERROR, "engine", "dag cannot be scheduled", HK_KEY("dag", dag->graph->dag_id),
               HK_KEY("why", err.message));
    }
}

static void on_gone(void *context, const char *dag_id)
{
    struct hk_engine *e = context;
    hk_scheduler_dag_gone(e->scheduler, dag_id);
}

static void on_problem(void *context, const char *file, const char *message)
{
    struct hk_engine *e = context;
    if (e->options.problem != NULL) {
        e->options.problem(e->options.context, file, message);
    }
}

static void on_settled(void *context)
{
    struct hk_engine *e = context;
    if (e->unsettled > 0 && --e->unsettled == 0 && e->options.settled != NULL) {
        e->options.settled(e->options.context);
    }
}

struct python_parse {
    void (*done)(void *arg, const json_t *result, const struct hk_error *err);
    void *arg;
};

static void python_parsed(void *arg, json_t *document, const struct hk_error *err)
{
    struct python_parse *p = arg;
    p->done(p->arg, document, document == NULL ? err : NULL);
    free(p);
}

static void python_parse(void *context, const char *path, const char *bundle_path, const char *bundle_name,
                         void (*done)(void *arg, const json_t *result, const struct hk_error *err), void *arg)
{
    struct hk_engine *e = context;
    struct hk_parser_file file = {.path = path, .bundle_path = bundle_path, .bundle_name = bundle_name};
    struct python_parse *p = hk_alloc(sizeof *p);
    *p = (struct python_parse){done, arg};
    hk_parser_parse(e->parser, &file, python_parsed, p);
}

static bool start_bundles(struct hk_engine *e, struct hk_error *err)
{
    snprintf(e->stub_folder, sizeof e->stub_folder, "%s/run/yaml", e->options.home->path);
    if (mkdir(e->stub_folder, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, "folder '%s' cannot be made: %m", e->stub_folder);
    }
    e->bundles = hk_alloc_array(e->options.dag_folder_count, sizeof(struct hk_bundle *));
    for (size_t i = 0; i < e->options.dag_folder_count; i++) {
        char name[64] = "dags-folder";
        if (i > 0) {
            snprintf(name, sizeof name, "dags-folder-%zu", i + 1);
        }
        struct hk_bundle_options options = {.loop = &e->loop,
                                            .store = e->store,
                                            .clock = hk_clock_system(),
                                            .rand = &e->rand,
                                            .name = name,
                                            .path = e->options.dag_folders[i],
                                            .environment = (const char *const *)environ,
                                            .stub_folder = e->stub_folder,
                                            .describe = describe,
                                            .starts_paused = e->options.starts_paused,
                                            .watch = e->options.watch,
                                            .context = e,
                                            .dag = on_dag,
                                            .gone = on_gone,
                                            .problem = on_problem,
                                            .settled = on_settled};
        if (e->options.python != NULL) {
            options.python = (struct hk_python_parser){e, python_parse};
        }
        if (!hk_bundle_start(&options, &e->bundles[i], err)) {
            return false;
        }
        e->bundle_count++;
        e->open_bundles++;
        e->unsettled++;
    }
    return true;
}

/* ---- parts ---- */

static bool start_store(struct hk_engine *e, struct hk_error *err)
{
    const char *path = e->options.home->database;
    struct hk_store_options options = {.path = path,
                                       .notify = store_notify,
                                       .notify_context = e,
                                       .lock_wait_ms = e->options.is_passive ? 0 : LOCK_WAIT_MS};
    if (!hk_store_open(&options, &e->store, err)) {
        return hk_error_prefix(err, "%s", path);
    }
    hk_home_url_forget(e->options.home); /* the home is ours from here on */
    return true;
}

static void services_idle(void *context)
{
    struct hk_engine *e = context;
    if (e->is_quitting) {
        quit_further(e);
    }
}

static void start_workers(struct hk_engine *e)
{
    static char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    const char *python_path = e->options.python != NULL ? e->options.python : "";
    struct hk_local_options options = {.loop = &e->loop,
                                       .clock = hk_clock_system(),
                                       .program = program,
                                       .home = e->options.home->path,
                                       .log_folder = e->options.home->logs,
                                       .python = python_path,
                                       .host_script = e->options.host_script,
                                       .environment = (const char *const *)environ,
                                       .parallelism = e->options.parallelism,
                                       .lineage = {&e->lineage, hk_cli_lineage_tell},
                                       .host = hk_scheduler_host(e->scheduler)};
    e->local = hk_local_new(&options);
    struct hk_services_options services = {.loop = &e->loop,
                                           .store = e->store,
                                           .clock = hk_clock_system(),
                                           .key = &e->key,
                                           .became_idle = services_idle,
                                           .context = e};
    e->services = hk_services_new(&services);
    struct hk_supervisor_options supervisor = {.clock = hk_clock_system(),
                                               .port = hk_python_port_local(e->local),
                                               .services = hk_services_table(e->services),
                                               .lineage = {&e->lineage, hk_cli_lineage_tell},
                                               .host = hk_scheduler_host(e->scheduler)};
    e->supervisor = hk_supervisor_new(&supervisor);
    struct hk_local_python python = hk_supervisor_python(e->supervisor);
    hk_local_set_python(e->local, &python);
    struct hk_parser_options parser = {
        .clock = hk_clock_system(), .port = hk_python_port_local(e->local), .services = hk_services_table(e->services)};
    e->parser = hk_parser_new(&parser);
    struct hk_executor executor = hk_local_executor(e->local);
    hk_scheduler_set_executor(e->scheduler, &executor);
}

static bool find_user(void *context, struct hk_str username, char *hash, size_t hash_size, char *role, size_t role_size,
                      struct hk_error *err)
{
    struct hk_engine *e = context;
    return hk_store_user_find(e->store, username, hash, hash_size, role, role_size, err);
}

static void rescan(void *engine)
{
    hk_engine_rescan(engine);
}

static bool start_doors(struct hk_engine *e, struct hk_error *err)
{
    if (e->options.all_admins && !hk_listen_is_loopback(e->options.listen)) {
        return hk_error_set(err, HK_INVALID,
                            "--all-admins lets everybody in as admin and is only allowed on loopback, not on '%s'",
                            e->options.listen);
    }
    struct hk_auth_options auth = {
        .clock = hk_clock_system(), .users = {e, find_user}, .all_admins = e->options.all_admins};
    memcpy(auth.secret, e->options.home->token_secret, sizeof auth.secret);
    e->auth = hk_auth_create(&auth);
    e->router = hk_router_create();
    struct hk_airflow_options airflow = {.store = e->store,
                                         .scheduler = e->scheduler,
                                         .clock = hk_clock_system(),
                                         .log_folder = e->options.home->logs,
                                         .secret = &e->key,
                                         .hostname = e->hostname,
                                         .unixname = e->unixname,
                                         .post = hk_engine_post,
                                         .post_context = e};
    e->airflow = hk_airflow_new(&airflow);
    if (!hk_cli_artifacts_open(e->options.home, e->options.artifacts_destination, &e->artifacts, err)) {
        return false;
    }
    e->jobs = hk_job_queue_new();
    struct hk_mlflow_options mlflow = {.store = e->store,
                                       .clock = hk_clock_system(),
                                       .secret = &e->key,
                                       .webhooks = hk_cli_webhook_rules(),
                                       .artifacts = e->artifacts,
                                       .jobs = e->jobs,
                                       .post = hk_engine_post,
                                       .post_context = e};
    e->mlflow = hk_mlflow_new(&mlflow);
    e->cli_door = (struct hk_cli_door){.store = e->store,
                                       .key = &e->key,
                                       .post = hk_engine_post,
                                       .rescan = rescan,
                                       .context = e,
                                       .has_folders = e->options.dag_folder_count > 0};
    if (!hk_login_register(e->router, e->auth, err) || !hk_airflow_register(e->airflow, e->router, err) ||
        !hk_mlflow_register(e->mlflow, e->router, err) || !hk_cli_door_register(&e->cli_door, e->router, err)) {
        return false;
    }
    struct hk_http_options http = {
        .listen = e->options.listen, .router = e->router, .auth = e->auth, .clock = hk_clock_system(), .threads = 2};
    if (!hk_http_start(&http, &e->http, err)) {
        return false;
    }
    e->lineage = (struct hk_cli_lineage){e->auth, hk_http_url(e->http)};
    return true;
}

static void find_names(struct hk_engine *e)
{
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (gethostname(e->hostname, sizeof e->hostname - 1) != 0) {
        e->hostname[0] = '\0';
    }
    bool known = getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL;
    hk_str_copy(e->unixname, sizeof e->unixname, hk_str_from(known ? entry.pw_name : ""));
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    hk_engine_quit(signal->data);
}

static void start_loop(struct hk_engine *e)
{
    HK_ASSERT(uv_loop_init(&e->loop) == 0);
    uv_mutex_init(&e->mutex);
    uv_async_init(&e->loop, &e->wake, on_wake);
    uv_check_init(&e->loop, &e->step);
    uv_idle_init(&e->loop, &e->spin);
    uv_timer_init(&e->loop, &e->timer);
    uv_timer_init(&e->loop, &e->promotions);
    e->wake.data = e;
    e->step.data = e;
    e->timer.data = e;
    e->promotions.data = e;
    static const int numbers[2] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&e->loop, &e->signals[i]);
        e->signals[i].data = e;
        uv_signal_start(&e->signals[i], on_signal, numbers[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like any other */
}

static void observe(void *context, const struct hk_run *run, int64_t task)
{
    struct hk_engine *e = context;
    if (e->options.observe != NULL) {
        e->options.observe(e->options.context, run, task);
    }
}

static char *callback_request(void *context, const struct hk_run *run, const char *reason)
{
    (void)context;
    return hk_dag_callback_request(run, reason);
}

static void call_callback(void *context, const struct hk_callback_row *owed)
{
    struct hk_engine *e = context;
    if (!e->is_quitting) {
        hk_dag_callback_call(&e->callbacks, owed);
    }
}

static void callbacks_idle(void *context)
{
    struct hk_engine *e = context;
    if (e->options.called != NULL && !e->is_quitting) {
        e->options.called(e->options.context);
    }
}

bool hk_engine_is_calling(const struct hk_engine *e)
{
    return e->callbacks.open > 0;
}

/* ---- promotions that wait ---- */

static bool promoter_work(void *context, void (*fn)(void *arg), void *arg)
{
    struct hk_engine *e = context;
    return hk_job_queue_add(e->jobs, fn, arg);
}

static void on_promotions(uv_timer_t *timer)
{
    struct hk_engine *e = timer->data;
    hk_promoter_look(e->promoter);
}

static void promoter_timer(void *context, int64_t at_us)
{
    struct hk_engine *e = context;
    if (at_us == HK_TIME_NONE || e->is_quitting) {
        uv_timer_stop(&e->promotions);
        return;
    }
    int64_t left_us = at_us - hk_clock_wall_us(hk_clock_system());
    uv_update_time(&e->loop);
    uv_timer_start(&e->promotions, on_promotions, sleep_ms(left_us), 0);
}

static void validation_made(void *arg, const struct hk_error *err)
{
    struct hk_engine *e = arg;
    if (err != NULL && err->code != HK_CONFLICT) { /* CONFLICT: it was made before */
        hk_log(HK_WARN, "promoter", "validation could not be begun", HK_KEY("why", err->message));
        hk_promoter_retry(e->promoter, err);
    }
}

static void promoter_trigger(void *context, const struct hk_validation_due *due)
{
    struct hk_engine *e = context;
    const struct hk_trigger_request request = {.dag_id = due->dag_id,
                                               .run_id = due->run_id,
                                               .run_type = "manual",
                                               .logical_us = HK_TIME_NONE,
                                               .interval_start_us = HK_TIME_NONE,
                                               .interval_end_us = HK_TIME_NONE,
                                               .run_after_us = HK_TIME_NONE,
                                               .conf_json = due->conf_json,
                                               .note = "validates a promotion",
                                               .triggered_by = "operator",
                                               .user = due->user};
    hk_scheduler_trigger(e->scheduler, &request, NULL, (struct hk_command_done){validation_made, e});
}

static void promoter_files(void *context, struct hk_db *db, const struct hk_model_version_row *version,
                           const struct hk_policy_list *policies, struct hk_arena *arena, struct hk_artifact_facts *out)
{
    const struct hk_engine *e = context;
    bool asks_contents = false;
    (void)hk_policies_ask_files(policies, &asks_contents);
    hk_model_files_look(e->artifacts, db, version, asks_contents, arena, out);
}

static void start_promoter(struct hk_engine *e)
{
    const struct hk_promoter_options options = {.store = e->store,
                                                .clock = hk_clock_system(),
                                                .context = e,
                                                .work = promoter_work,
                                                .post = hk_engine_post,
                                                .set_timer = promoter_timer,
                                                .trigger = promoter_trigger,
                                                .look_at_files = promoter_files};
    e->promoter = hk_promoter_new(&options);
}

static bool start_parts(struct hk_engine *e, struct hk_error *err)
{
    bool is_new = false;
    if (!start_store(e, err) ||
        (e->options.listen != NULL &&
         !hk_home_first_user(e->options.home, e->store, hk_clock_wall_us(hk_clock_system()), &is_new, err))) {
        return false;
    }
    struct hk_scheduler_options options = {.store = e->store,
                                           .clock = hk_clock_system(),
                                           .rand = &e->rand,
                                           .context = e,
                                           .wake = scheduler_wake,
                                           .set_timer = scheduler_timer,
                                           .observe = observe,
                                           .callback = callback_request,
                                           .call = call_callback};
    e->scheduler = hk_scheduler_new(&options);
    start_workers(e);
    e->callbacks =
        (struct hk_dag_callbacks){.store = e->store, .parser = e->parser, .context = e, .became_idle = callbacks_idle};
    if (!hk_scheduler_load(e->scheduler, err) ||
        (e->options.passive_dag != NULL && !hk_known_dag_load(e->store, e->scheduler, e->options.passive_dag, err)) ||
        (e->options.listen != NULL && !start_doors(e, err))) {
        return false;
    }
    if (!e->options.is_passive) {
        hk_scheduler_start(e->scheduler);
        if (e->jobs != NULL) {
            start_promoter(e);
        }
        if (!hk_dag_callback_resume(&e->callbacks, err)) {
            return false;
        }
    }
    return e->options.dag_folder_count == 0 || start_bundles(e, err);
}

bool hk_engine_start(const struct hk_engine_options *options, struct hk_engine **out, struct hk_error *err)
{
    struct hk_engine *e = hk_alloc(sizeof *e);
    e->options = *options;
    if (e->options.parallelism == 0) {
        e->options.parallelism = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN) * 2;
    }
    memcpy(e->key.bytes, options->home->fernet_key, sizeof e->key.bytes);
    hk_rand_init_system(&e->rand);
    find_names(e);
    start_loop(e);
    if (!start_parts(e, err)) {
        struct hk_error kept = *err;
        hk_engine_quit(e);
        hk_engine_run(e);
        hk_engine_free(e);
        *err = kept;
        return false;
    }
    *out = e;
    return true;
}

void hk_engine_rescan(struct hk_engine *e)
{
    for (size_t i = 0; i < e->bundle_count && !e->is_quitting; i++) {
        e->unsettled++; /* settled is reported again */
        hk_bundle_rescan(e->bundles[i], true);
    }
}

void hk_engine_run(struct hk_engine *e)
{
    uv_run(&e->loop, UV_RUN_DEFAULT);
}

struct hk_scheduler *hk_engine_scheduler(struct hk_engine *e)
{
    return e->scheduler;
}

struct hk_store *hk_engine_store(struct hk_engine *e)
{
    return e->store;
}

const char *hk_engine_url(const struct hk_engine *e)
{
    return e->http != NULL ? hk_http_url(e->http) : NULL;
}

/* ---- the end ---- */

static void bundle_stopped(void *arg)
{
    struct hk_engine *e = arg;
    e->open_bundles--;
    quit_further(e);
}

static void local_stopped(void *arg)
{
    struct hk_engine *e = arg;
    e->is_local_gone = true;
    quit_further(e);
}

void hk_engine_quit(struct hk_engine *e)
{
    if (e->is_quitting) {
        return;
    }
    e->is_quitting = true;
    e->callbacks.is_ending = true;
    e->lineage = (struct hk_cli_lineage){0}; /* its URL goes with the server */
    hk_http_stop(e->http);                   /* nobody asks anything any more */
    e->http = NULL;
    hk_promoter_stop(e->promoter);
    if (e->scheduler != NULL) {
        hk_scheduler_stop(e->scheduler);
    }
    for (size_t i = 0; i < e->bundle_count; i++) {
        hk_bundle_stop(e->bundles[i], bundle_stopped, e);
    }
    if (e->local != NULL) {
        hk_local_stop(e->local, local_stopped, e);
    } else {
        e->is_local_gone = true;
    }
    uv_async_send(&e->wake);
}

/* Called whenever something has ended: once all is quiet, the loop's own handles go and uv_run returns. */
static void quit_further(struct hk_engine *e)
{
    bool is_quiet = e->open_bundles == 0 && e->is_local_gone && hk_promoter_is_idle(e->promoter) &&
                    (e->scheduler == NULL || hk_scheduler_is_idle(e->scheduler)) &&
                    (e->services == NULL || hk_services_is_idle(e->services));
    if (!e->is_quitting || uv_is_closing((uv_handle_t *)&e->wake)) {
        return;
    }
    if (!is_quiet) {
        return;
    }
    uv_close((uv_handle_t *)&e->wake, NULL);
    uv_close((uv_handle_t *)&e->step, NULL);
    uv_close((uv_handle_t *)&e->spin, NULL);
    uv_close((uv_handle_t *)&e->timer, NULL);
    uv_close((uv_handle_t *)&e->promotions, NULL);
    for (int i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&e->signals[i], NULL);
    }
}

void hk_engine_free(struct hk_engine *e)
{
    if (e->artifacts != NULL) {
        hk_artifacts_stop(e->artifacts);
    }
    hk_job_queue_free(e->jobs);
    run_posted(e);
    hk_airflow_free(e->airflow);
    hk_promoter_free(e->promoter);
    e->promoter = NULL; /* what is delivered below may ask for it */
    hk_mlflow_free(e->mlflow);
    hk_artifacts_free(e->artifacts);
    hk_router_destroy(e->router);
    hk_auth_destroy(e->auth);
    hk_parser_free(e->parser);
    hk_supervisor_free(e->supervisor);
    hk_services_free(e->services);
    hk_local_free(e->local);
    if (e->store != NULL) {
        hk_store_deliver(e->store);
    }
    hk_scheduler_free(e->scheduler);
    hk_store_close(e->store);
    HK_ASSERT(uv_loop_close(&e->loop) == 0);
    uv_mutex_destroy(&e->mutex);
    free(e->posted);
    free(e->bundles);
    free(e);
}
