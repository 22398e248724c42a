/* Requests as the SDK sends them (research transcripts: socket_protocol), answered through a table of fake services
 * that answer at once or when told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph.h"
#include "workers/parser.h"
#include "workers/sdk_message.h"
#include "workers/supervisor.h"

enum { MOST = 32 };

static struct {
    struct hk_supervisor *supervisor;
    struct hk_local_python python;
    struct hk_graph *graph;
    struct hk_python_session session;
    struct hk_job_key key;
    char *answers[MOST]; /* as JSON: [id, body] or [id, null, error] is lost: see on_send */
    size_t answer_count;
    char log[1024];
    char masked[256]; /* each with a ";" */
    char *first;
    char environment[512];
    int forgotten;
    int log_sockets;
    int finished;
    struct hk_job_result result;
    char outlet[128]; /* the first of them */
    char message[512];
    void (*committed)(void *arg);
    void *committed_arg;
    char stored[256]; /* last xcom_set, variable_set, rendered_set */
    char skipped[256];
    struct hk_error trigger_error;
    bool trigger_fails;
    void (*late_done)(void *arg, struct hk_str json, const struct hk_error *err);
    void *late_arg;
    bool is_late;
} world;

static int64_t now(void *context)
{
    (void)context;
    return INT64_C(1767225600000000);
}

static const struct hk_clock fixed_clock = {now, now, NULL};

static void on_start(void *context, const struct hk_python_start *start, const struct hk_python_session *session)
{
    (void)context;
    struct hk_sdk_message message;
    struct hk_error err;
    world.session = *session;
    world.key = start->key;
    assert_true(hk_sdk_message_decode(start->first, &message, &err));
    free(world.first);
    world.first = hk_json_dump(message.body);
    snprintf(world.environment, sizeof world.environment, "%s", start->environment[0]);
    hk_sdk_message_clear(&message);
}

static void on_attach(void *context, const struct hk_job_key *key, const struct hk_python_session *session)
{
    (void)context;
    world.key = *key;
    world.session = *session;
}

/* Answers end in an error object or nil, which the decoder skips; a frame without a body is kept as its raw error. */
static void on_send(void *context, const struct hk_job_key *key, struct hk_str payload)
{
    (void)context;
    (void)key;
    struct hk_sdk_message message;
    struct hk_error err;
    assert_true(hk_sdk_message_decode(payload, &message, &err));
    assert_true(world.answer_count < MOST);
    char *text = message.body != NULL ? hk_json_dump(message.body) : NULL;
    if (text == NULL) { /* [id, nil, error]: the same with the error in the body's place */
        struct hk_buf swapped;
        hk_buf_init(&swapped, HK_MAX_FRAME_BYTES);
        size_t head = payload.data[1] >= 0 ? 2 : 3;
        assert_int_equal((unsigned char)payload.data[head], 0xc0);
        hk_buf_add(&swapped, "\x92\x00", 2);
        hk_buf_add(&swapped, payload.data + head + 1, payload.len - head - 1);
        hk_sdk_message_clear(&message);
        assert_true(hk_sdk_message_decode(hk_buf_str(&swapped), &message, &err));
        char *error = message.body != NULL ? hk_json_dump(message.body) : hk_strdup("nil");
        struct hk_buf marked;
        hk_buf_init(&marked, HK_MAX_FRAME_BYTES);
        hk_buf_printf(&marked, "raised %s", error);
        free(error);
        text = hk_buf_take(&marked);
        hk_buf_clear(&swapped);
    }
    world.answers[world.answer_count++] = text;
    hk_sdk_message_clear(&message);
}

static void on_log(void *context, const struct hk_job_key *key, const char *level, const char *event)
{
    (void)context;
    (void)key;
    snprintf(world.log, sizeof world.log, "%s: %s", level, event);
}

static void on_mask(void *context, const struct hk_job_key *key, struct hk_str secret)
{
    (void)context;
    (void)key;
    size_t len = strlen(world.masked);
    snprintf(world.masked + len, sizeof world.masked - len, "%.*s;", HK_STR_ARG(secret));
}

static void on_forget(void *context, const struct hk_job_key *key)
{
    (void)context;
    (void)key;
    world.forgotten++;
}

typedef void (*done_fn)(void *arg, struct hk_str json, const struct hk_error *err);

static void answer(done_fn done, void *arg, const char *json)
{
    struct hk_error absent = {.code = HK_NOT_FOUND, .message = "not there"};
    if (world.is_late) {
        world.late_done = done;
        world.late_arg = arg;
    } else if (json == NULL) {
        done(arg, (struct hk_str){NULL, 0}, &absent);
    } else {
        done(arg, hk_str_from(json), NULL);
    }
}

static void xcom_get(void *c, const struct hk_xcom_ref *ref, bool prior, done_fn done, void *arg)
{
    (void)c;
    (void)prior;
    answer(done, arg, hk_str_is(ref->key, "there") ? "{\"n\": 41}" : NULL);
}

static void xcom_list(void *c, const struct hk_xcom_ref *ref, bool prior, done_fn done, void *arg)
{
    (void)c;
    (void)prior;
    answer(done, arg, hk_str_is(ref->key, "there") ? "[0, 1, 2, 3, 4]" : NULL);
}

static void xcom_set(void *c, const struct hk_xcom_ref *ref, struct hk_str json, done_fn done, void *arg)
{
    (void)c;
    snprintf(world.stored, sizeof world.stored, "%.*s/%.*s[%d]=%.*s", HK_STR_ARG(ref->task_id), HK_STR_ARG(ref->key),
             ref->map_index, HK_STR_ARG(json));
    answer(done, arg, "");
}

static void xcom_delete(void *c, const struct hk_xcom_ref *ref, done_fn done, void *arg)
{
    (void)c;
    (void)ref;
    answer(done, arg, "");
}

static void by_key(void *c, struct hk_str key, done_fn done, void *arg)
{
    (void)c;
    answer(done, arg, hk_str_is(key, "there") ? "a value" : NULL);
}

static void connection(void *c, struct hk_str key, done_fn done, void *arg)
{
    (void)c;
    answer(done, arg,
           hk_str_is(key, "there") ? "{\"conn_id\":\"there\",\"conn_type\":\"http\",\"schema\":null}" : NULL);
}

static void variable_set(void *c, struct hk_str key, struct hk_str value, struct hk_str description, done_fn done,
                         void *arg)
{
    (void)c;
    (void)description;
    snprintf(world.stored, sizeof world.stored, "%.*s=%.*s", HK_STR_ARG(key), HK_STR_ARG(value));
    answer(done, arg, "");
}

static void variable_keys(void *c, struct hk_str prefix, int64_t limit, int64_t offset, done_fn done, void *arg)
{
    (void)c;
    (void)prefix;
    (void)limit;
    (void)offset;
    answer(done, arg, "{\"keys\":[\"a\"],\"total_entries\":1}");
}

static void run_get(void *c, struct hk_str dag_id, struct hk_str run_id, done_fn done, void *arg)
{
    (void)c;
    (void)dag_id;
    answer(done, arg, hk_str_is(run_id, "r1") ? "{\"run_id\":\"r1\",\"state\":\"success\"}" : NULL);
}

static void run_previous(void *c, struct hk_str dag_id, int64_t at_us, struct hk_str state, done_fn done, void *arg)
{
    (void)c;
    (void)dag_id;
    (void)at_us;
    answer(done, arg,
           hk_str_is(state, "success") ? "{\"run_id\":\"r0\",\"start_date\":\"2026-01-01T00:00:00Z\"}" : NULL);
}

static void count(void *c, struct hk_str filters, done_fn done, void *arg)
{
    (void)c;
    (void)filters;
    answer(done, arg, "{\"count\":3}");
}

static void states(void *c, struct hk_str filters, done_fn done, void *arg)
{
    (void)c;
    (void)filters;
    answer(done, arg, "{\"r1\":{\"a\":\"success\"}}");
}

static void rendered_set(void *c, const struct hk_job_key *key, struct hk_str json, done_fn done, void *arg)
{
    (void)c;
    (void)key;
    snprintf(world.stored, sizeof world.stored, "%.*s", HK_STR_ARG(json));
    answer(done, arg, "");
}

static void host_finished(void *c, const struct hk_job_key *key, const struct hk_job_result *result,
                          void (*committed)(void *arg), void *arg)
{
    (void)c;
    assert_true(hk_job_key_eq(key, &world.key));
    world.finished++;
    world.result = *result;
    const struct hk_outlet_event *e = result->outlet_events;
    if (result->outlet_event_count > 0) {
        snprintf(world.outlet, sizeof world.outlet, "%.*s %.*s %.*s", HK_STR_ARG(e->name), HK_STR_ARG(e->uri),
                 HK_STR_ARG(e->extra_json));
    }
    snprintf(world.message, sizeof world.message, "%s", result->message != NULL ? result->message : "");
    world.committed = committed;
    world.committed_arg = arg;
}

static void host_skip(void *c, const struct hk_job_key *key, const struct hk_job_skip *tasks, size_t n,
                      void (*done)(void *arg, const struct hk_error *err), void *arg)
{
    (void)c;
    (void)key;
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(world.skipped + len, sizeof world.skipped - len, "%s[%d] ", tasks[i].task_id,
                                tasks[i].map_index);
    }
    done(arg, NULL);
}

static void host_trigger(void *c, const struct hk_job_key *key, const struct hk_trigger_request *request,
                         void (*done)(void *arg, const struct hk_error *err), void *arg)
{
    (void)c;
    assert_int_equal(key->run, 7);
    assert_string_equal(request->run_type, "operator_triggered");
    snprintf(world.stored, sizeof world.stored, "%s/%s %s", request->dag_id, request->run_id,
             request->conf_json != NULL ? request->conf_json : "{}");
    done(arg, world.trigger_fails ? &world.trigger_error : NULL);
}

static void host_reset(void *c, const char *dag_id, const char *run_id,
                       void (*done)(void *arg, const struct hk_error *err), void *arg)
{
    (void)c;
    snprintf(world.stored, sizeof world.stored, "reset %s/%s", dag_id, run_id);
    done(arg, NULL);
}

static const struct hk_task_services fakes = {
    .xcom_get = xcom_get,
    .xcom_list = xcom_list,
    .xcom_set = xcom_set,
    .xcom_delete = xcom_delete,
    .variable_get = by_key,
    .variable_set = variable_set,
    .variable_delete = by_key,
    .variable_keys = variable_keys,
    .connection_get = connection,
    .run_get = run_get,
    .run_previous = run_previous,
    .run_count = count,
    .task_count = count,
    .task_states = states,
    .rendered_set = rendered_set,
};

static const char *on_refusal(void *c, const struct hk_job_key *key)
{
    (void)c;
    (void)key;
    return NULL;
}

static void on_send_log(void *context, const struct hk_job_key *key, struct hk_str payload)
{
    world.log_sockets++;
    on_send(context, key, payload);
}

static const struct hk_python_port port = {NULL,   on_start, on_attach, on_send,   on_send_log,
                                           on_log, on_mask,  on_forget, on_refusal};

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    struct hk_supervisor_options options = {.clock = &fixed_clock,
                                            .port = port,
                                            .services = fakes,
                                            .host = {NULL, NULL, host_finished, host_skip, host_trigger, host_reset}};
    world.supervisor = hk_supervisor_new(&options);
    world.python = hk_supervisor_python(world.supervisor);
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *dag = hk_graph_builder_dag(b);
    dag->dag_id = "demo";
    dag->fileloc = "/home/dags/sub/demo.py";
    dag->relative_fileloc = "sub/demo.py";
    dag->bundle_name = "dags";
    (void)hk_graph_builder_task(b, HK_STR("extract"));
    struct hk_error err;
    assert_true(hk_graph_build(b, &world.graph, &err));
    return 0;
}

static void forget_answers(void)
{
    for (size_t i = 0; i < world.answer_count; i++) {
        free(world.answers[i]);
    }
    world.answer_count = 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_supervisor_free(world.supervisor);
    hk_graph_unref(world.graph);
    forget_answers();
    free(world.first);
    return 0;
}

static struct hk_job make_job(void)
{
    return (struct hk_job){.key = {7, 0, -1, 1},
                           .graph = world.graph,
                           .task = &world.graph->tasks[0],
                           .run_id = "r1",
                           .run_type = "manual",
                           .run_state = "running",
                           .conf_json = "{\"a\": 1}",
                           .version_id = "00000000-0000-0000-0000-000000000001",
                           .logical_at_us = INT64_C(1767312000000000),
                           .interval_start_us = HK_TIME_NONE,
                           .interval_end_us = HK_TIME_NONE,
                           .run_after_us = INT64_C(1767312000000000),
                           .run_start_us = INT64_C(1767312000000000),
                           .shown_try = 2,
                           .max_tries = 3,
                           .should_retry = true,
                           .first_start_us = HK_TIME_NONE,
                           .log_path = "a.log"};
}

static void start(void)
{
    struct hk_job job = make_job();
    world.python.start(world.python.context, &job);
}

static const char *ask(const char *json)
{
    struct hk_error err;
    json_t *body = hk_json_parse(hk_str_from(json), &err);
    assert_non_null(body);
    struct hk_buf frame;
    hk_buf_init(&frame, HK_MAX_FRAME_BYTES);
    hk_sdk_message_encode(5, body, NULL, &frame);
    size_t before = world.answer_count;
    world.session.message(world.session.context, hk_buf_str(&frame));
    hk_buf_clear(&frame);
    json_decref(body);
    return world.answer_count > before ? world.answers[world.answer_count - 1] : NULL;
}

#define expect_answer(request, text) assert_string_equal(ask(request), text)

static void end(int exit_code)
{
    world.session.ended(world.session.context, exit_code);
    if (world.committed != NULL) {
        void (*committed)(void *arg) = world.committed;
        world.committed = NULL;
        committed(world.committed_arg);
    }
    assert_int_equal(hk_supervisor_count(world.supervisor), 0);
    assert_int_equal(world.forgotten, 1);
    assert_int_equal(world.finished, 1);
}

static void tells_the_process_what_to_run(void **state)
{
    (void)state;
    start();
    struct hk_error err;
    json_t *first = hk_json_parse(hk_str_from(world.first), &err);
    json_t *context = json_object_get(first, "ti_context");
    assert_string_equal(hk_json_get_text(first, "type", ""), "StartupDetails");
    assert_string_equal(hk_json_get_text(first, "dag_rel_path", ""), "sub/demo.py");
    assert_string_equal(hk_json_get_text(json_object_get(first, "ti"), "id", ""),
                        "00000000-0700-8010-8000-000000000000");
    assert_int_equal(hk_json_get_int(json_object_get(first, "ti"), "try_number", 0), 2);
    assert_true(hk_json_get_bool(context, "should_retry", false));
    assert_string_equal(hk_json_get_text(json_object_get(context, "dag_run"), "logical_date", ""),
                        "2026-01-02T00:00:00Z");
    assert_int_equal(hk_json_get_int(json_object_get(json_object_get(context, "dag_run"), "conf"), "a", 0), 1);
    assert_non_null(strstr(world.environment, "\"path\":\"/home/dags\""));
    json_decref(first);
    end(0);
    assert_int_equal(world.result.outcome, HK_JOB_SUCCEEDED);
}

/* What add_mask of the SDK's SecretsMasker takes in. */
static void takes_in_what_is_secret(void **state)
{
    (void)state;
    start();
    expect_answer("{\"type\":\"MaskSecret\",\"value\":\"hunter2\",\"name\":null}",
                  "{\"type\":\"OKResponse\",\"ok\":true}");
    ask("{\"type\":\"MaskSecret\",\"value\":\"by its name\",\"name\":\"Api-Key\"}");
    ask("{\"type\":\"MaskSecret\",\"value\":\"no secret\",\"name\":\"colour\"}");
    ask("{\"type\":\"MaskSecret\",\"value\":\"tiny\"}");
    ask("{\"type\":\"MaskSecret\",\"value\":\"\u00e9\u00e9\u00e9\u00e9\"}");
    ask("{\"type\":\"MaskSecret\",\"value\":\"AirFlow\"}");
    ask("{\"type\":\"MaskSecret\",\"value\":[\"first\",[\"second\"],7,null,true]}");
    ask("{\"type\":\"MaskSecret\",\"value\":{\"user\":\"somebody\",\"in\":{\"password\":[\"third\"],\"x\":\"other\"}}"
        "}");
    assert_string_equal(world.masked, "hunter2;by its name;first;second;third;");
    end(0);
}

static void answers_what_is_asked(void **state)
{
    (void)state;
    start();
    expect_answer("{\"type\":\"GetXCom\",\"key\":\"there\",\"dag_id\":\"d\",\"run_id\":\"r\",\"task_id\":\"t\"}",
                  "{\"type\":\"XComResult\",\"key\":\"there\",\"value\":{\"n\":41}}");
    expect_answer("{\"type\":\"GetXCom\",\"key\":\"no\"}", "{\"type\":\"XComResult\",\"key\":\"no\",\"value\":null}");
    expect_answer("{\"type\":\"SetXCom\",\"key\":\"return_value\",\"task_id\":\"t\",\"map_index\":-1,\"value\":[1]}",
                  "{\"type\":\"OKResponse\",\"ok\":true}");
    assert_string_equal(world.stored, "t/return_value[-1]=[1]");
    expect_answer("{\"type\":\"GetXComCount\",\"key\":\"there\"}", "{\"type\":\"XComCountResponse\",\"len\":5}");
    expect_answer("{\"type\":\"GetXComSequenceItem\",\"key\":\"there\",\"offset\":-1}",
                  "{\"type\":\"XComSequenceIndexResult\",\"root\":4}");
    expect_answer(
        "{\"type\":\"GetXComSequenceItem\",\"key\":\"there\",\"offset\":5}",
        "{\"type\":\"ErrorResponse\",\"error\":\"XCOM_NOT_FOUND\",\"detail\":{\"key\":\"there\",\"offset\":5}}");
    expect_answer("{\"type\":\"GetVariable\",\"key\":\"there\"}",
                  "{\"type\":\"VariableResult\",\"key\":\"there\",\"value\":\"a value\"}");
    expect_answer("{\"type\":\"GetVariable\",\"key\":\"no\"}",
                  "{\"type\":\"ErrorResponse\",\"error\":\"VARIABLE_NOT_FOUND\",\"detail\":{\"key\":\"no\"}}");
    expect_answer("{\"type\":\"GetConnection\",\"conn_id\":\"no\"}",
                  "{\"type\":\"ErrorResponse\",\"error\":\"CONNECTION_NOT_FOUND\",\"detail\":{\"conn_id\":\"no\"}}");
    expect_answer("{\"type\":\"GetConnection\",\"conn_id\":\"there\"}",
                  "{\"conn_id\":\"there\",\"conn_type\":\"http\",\"schema\":null,\"type\":\"ConnectionResult\"}");
    expect_answer("{\"type\":\"GetDagRunState\",\"dag_id\":\"d\",\"run_id\":\"r1\"}",
                  "{\"type\":\"DagRunStateResult\",\"state\":\"success\"}");
    expect_answer(
        "{\"type\":\"GetPreviousDagRun\",\"dag_id\":\"d\",\"logical_date\":\"2026-01-01T00:00:00Z\",\"state\":null}",
        "{\"type\":\"PreviousDagRunResult\",\"dag_run\":null}");
    expect_answer("{\"type\":\"GetPrevSuccessfulDagRun\",\"ti_id\":\"x\"}",
                  "{\"type\":\"PrevSuccessfulDagRunResult\",\"data_interval_start\":null,\"data_interval_end\":null,"
                  "\"start_date\":\"2026-01-01T00:00:00Z\",\"end_date\":null}");
    expect_answer("{\"type\":\"GetTICount\",\"dag_id\":\"d\"}", "{\"count\":3,\"type\":\"TICount\"}");
    expect_answer("{\"type\":\"GetTaskStates\",\"dag_id\":\"d\"}",
                  "{\"type\":\"TaskStatesResult\",\"task_states\":{\"r1\":{\"a\":\"success\"}}}");
    expect_answer("{\"type\":\"GetTaskRescheduleStartDate\",\"ti_id\":\"x\"}",
                  "{\"type\":\"TaskRescheduleStartDate\",\"start_date\":null}");
    expect_answer("{\"type\":\"ValidateInletsAndOutlets\",\"ti_id\":\"x\"}",
                  "{\"type\":\"InactiveAssetsResult\",\"inactive_assets\":[]}");
    expect_answer("{\"type\":\"SkipDownstreamTasks\",\"tasks\":[\"a\",[\"b\",3]]}",
                  "{\"type\":\"OKResponse\",\"ok\":true}");
    assert_string_equal(world.skipped, "a[-1] b[3] ");
    end(0);
}

static void slices_as_python_does(void **state)
{
    (void)state;
    static const struct {
        const char *bounds;
        const char *root;
    } cases[] = {
        {"\"start\":null,\"stop\":null,\"step\":null", "[0,1,2,3,4]"},
        {"\"start\":1,\"stop\":-1,\"step\":2", "[1,3]"},
        {"\"start\":null,\"stop\":null,\"step\":-2", "[4,2,0]"},
        {"\"start\":-2,\"stop\":null,\"step\":1", "[3,4]"},
        {"\"start\":9,\"stop\":-9,\"step\":-9223372036854775808", "[4]"},
        {"\"start\":3,\"stop\":1,\"step\":1", "[]"},
        {"\"start\":9,\"stop\":1,\"step\":-1", "[4,3,2]"},
        {"\"start\":-99,\"stop\":2,\"step\":9223372036854775807", "[0]"},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[256];
        char expected[256];
        snprintf(request, sizeof request, "{\"type\":\"GetXComSequenceSlice\",\"key\":\"there\",%s}", cases[i].bounds);
        snprintf(expected, sizeof expected, "{\"type\":\"XComSequenceSliceResult\",\"root\":%s}", cases[i].root);
        expect_answer(request, expected);
    }
    end(0);
}

static void tells_what_became_of_outlets(void **state)
{
    (void)state;
    world.finished = 0;
    world.forgotten = 0;
    start();
    assert_null(
        ask("{\"type\":\"SucceedTask\",\"outlet_events\":["
            "{\"dest_asset_key\":{\"name\":\"n\",\"uri\":\"u\"},\"extra\":{\"rows\":7}},"
            "{\"dest_asset_key\":{\"name\":\"m\",\"uri\":\"m\"},\"extra\":{}},"
            "{\"source_alias_name\":\"a\",\"dest_asset_key\":{\"name\":\"o\",\"uri\":\"o\"},\"extra\":{\"k\":1}}]}"));
    assert_int_equal(world.result.outlet_event_count, 1);
    assert_string_equal(world.outlet, "n u {\"rows\":7}");
    world.committed(world.committed_arg);
    world.committed = NULL;
    end(0);
}

static void takes_the_last_word(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        enum hk_job_outcome outcome;
        int64_t retry_at_us;
    } cases[] = {
        {"{\"type\":\"SucceedTask\",\"state\":\"success\",\"end_date\":\"2026-01-01T00:00:01Z\"}", HK_JOB_SUCCEEDED,
         HK_TIME_NONE},
        {"{\"type\":\"TaskState\",\"state\":\"failed\",\"end_date\":null}", HK_JOB_FAILED_FINAL, HK_TIME_NONE},
        {"{\"type\":\"TaskState\",\"state\":\"skipped\"}", HK_JOB_SKIPPED, HK_TIME_NONE},
        {"{\"type\":\"RetryTask\",\"state\":\"up_for_retry\",\"end_date\":\"2026-01-01T00:00:00Z\"}", HK_JOB_FAILED,
         HK_TIME_NONE},
        {"{\"type\":\"RetryTask\",\"end_date\":\"2026-01-01T00:00:00Z\",\"retry_delay_seconds\":2.5}", HK_JOB_RETRY_AT,
         INT64_C(1767225602500000)},
        {"{\"type\":\"RescheduleTask\",\"reschedule_date\":\"2026-01-01T00:01:00Z\"}", HK_JOB_RESCHEDULED,
         INT64_C(1767225660000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.finished = 0;
        world.forgotten = 0;
        start();
        assert_null(ask(cases[i].request)); /* not before the commit */
        assert_int_equal(world.result.outcome, cases[i].outcome);
        assert_int_equal(world.result.retry_at_us, cases[i].retry_at_us);
        void (*committed)(void *arg) = world.committed;
        world.committed = NULL;
        committed(world.committed_arg);
        assert_string_equal(world.answers[world.answer_count - 1], "{\"type\":\"OKResponse\",\"ok\":true}");
        assert_int_equal(world.forgotten, 0);
        end(i == 0 ? 1 : 0);
    }
}

static void judges_a_silent_end_by_its_exit_code(void **state)
{
    (void)state;
    static const struct {
        int exit_code;
        enum hk_job_outcome outcome;
        const char *word;
    } cases[] = {{0, HK_JOB_SUCCEEDED, ""},
                 {3, HK_JOB_FAILED, "exit code 3"},
                 {-9, HK_JOB_FAILED, "signal 9"},
                 {HK_EXIT_LOST, HK_JOB_LOST, "host"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.finished = 0;
        world.forgotten = 0;
        start();
        end(cases[i].exit_code);
        assert_int_equal(world.result.outcome, cases[i].outcome);
        assert_non_null(strstr(world.message, cases[i].word));
    }
}

static void tells_a_stopped_task_from_a_failed_one(void **state)
{
    (void)state;
    start();
    world.python.stopping(world.python.context, &world.key, "marked as failed");
    end(-15);
    assert_int_equal(world.result.outcome, HK_JOB_STOPPED);
    assert_string_equal(world.message, "marked as failed");
}

static void fails_a_deferral_by_name(void **state)
{
    (void)state;
    start();
    const char *text = ask("{\"type\":\"DeferTask\",\"classpath\":\"a.b.DateTimeTrigger\",\"next_method\":\"m\"}");
    assert_non_null(strstr(text, "raised"));
    assert_non_null(strstr(text, "GENERIC_ERROR"));
    assert_non_null(strstr(world.log, "a.b.DateTimeTrigger"));
    assert_int_equal(world.result.outcome, HK_JOB_FAILED_FINAL);
    end(0);
}

static void refuses_by_name(void **state)
{
    (void)state;
    start();
    assert_non_null(strstr(ask("{\"type\":\"GetAssetByName\",\"name\":\"a\"}"), "GetAssetByName"));
    assert_non_null(strstr(ask("{\"type\":\"Surprise\"}"), "Surprise"));
    assert_non_null(strstr(ask("{\"type\":\"GetDag\",\"dag_id\":\"d\"}"), "GetDag"));
    assert_non_null(strstr(ask("[1]"), "not an object"));
    assert_non_null(strstr(ask("{\"type\":\"TaskState\",\"state\":\"running\"}"), "running"));
    end(0);
}

static void hands_out_a_second_log_socket(void **state)
{
    (void)state;
    start();
    expect_answer("{\"type\":\"ResendLoggingFD\"}", "{\"type\":\"SentFDs\",\"fds\":[0]}");
    assert_int_equal(world.log_sockets, 1);
    end(0);
}

static void triggers_runs(void **state)
{
    (void)state;
    start();
    expect_answer("{\"type\":\"TriggerDagRun\",\"dag_id\":\"d\",\"run_id\":\"r\",\"conf\":{\"z\":1}}",
                  "{\"type\":\"OKResponse\",\"ok\":true}");
    assert_string_equal(world.stored, "d/r {\"z\":1}");
    world.trigger_fails = true;
    world.trigger_error = (struct hk_error){.code = HK_CONFLICT, .message = "exists"};
    assert_non_null(
        strstr(ask("{\"type\":\"TriggerDagRun\",\"dag_id\":\"d\",\"run_id\":\"r\"}"), "DAGRUN_ALREADY_EXISTS"));
    assert_string_equal(world.stored, "d/r {}");
    expect_answer("{\"type\":\"TriggerDagRun\",\"dag_id\":\"d\",\"run_id\":\"r\",\"reset_dag_run\":true}",
                  "{\"type\":\"OKResponse\",\"ok\":true}");
    assert_string_equal(world.stored, "reset d/r");
    world.trigger_error.code = HK_NOT_FOUND;
    assert_non_null(strstr(ask("{\"type\":\"TriggerDagRun\",\"dag_id\":\"d\",\"run_id\":\"r\"}"), "raised"));
    end(0);
}

static void survives_an_answer_after_the_end(void **state)
{
    (void)state;
    start();
    world.is_late = true;
    assert_null(ask("{\"type\":\"GetVariable\",\"key\":\"there\"}"));
    world.session.ended(world.session.context, 1);
    world.committed(world.committed_arg);
    assert_int_equal(hk_supervisor_count(world.supervisor), 1);
    world.late_done(world.late_arg, HK_STR("late"), NULL);
    assert_int_equal(hk_supervisor_count(world.supervisor), 0);
    assert_int_equal(world.answer_count, 0);
}

static void adopts_what_a_former_engine_started(void **state)
{
    (void)state;
    struct hk_job job = make_job();
    world.python.adopt(world.python.context, &job, 123);
    assert_null(ask("{\"type\":\"SucceedTask\",\"end_date\":\"2026-01-01T00:00:01Z\"}"));
    end(0);
    assert_int_equal(world.result.outcome, HK_JOB_SUCCEEDED);
}

static int parsed;
static char parse_error[512];

static void on_parsed(void *arg, json_t *document, const struct hk_error *err)
{
    (void)arg;
    parsed = document != NULL ? 1 : 2;
    snprintf(parse_error, sizeof parse_error, "%s", err != NULL ? err->message : "");
}

static void parses_a_file(void **state)
{
    (void)state;
    struct hk_parser_options options = {.clock = &fixed_clock, .port = port, .services = fakes};
    struct hk_parser *parser = hk_parser_new(&options);
    struct hk_parser_file file = {.path = "/home/dags/a.py", .bundle_path = "/home/dags", .bundle_name = "dags"};
    hk_parser_parse(parser, &file, on_parsed, NULL);
    assert_non_null(strstr(world.first, "DagFileParseRequest"));
    expect_answer("{\"type\":\"GetVariable\",\"key\":\"there\"}",
                  "{\"type\":\"VariableResult\",\"key\":\"there\",\"value\":\"a value\"}");
    assert_non_null(strstr(ask("{\"type\":\"SucceedTask\"}"), "raised"));
    assert_string_equal(ask("{\"type\":\"DagFileParsingResult\",\"fileloc\":\"x\",\"serialized_dags\":[]}"),
                        "raised nil");
    assert_int_equal(parsed, 0);
    world.session.ended(world.session.context, 0);
    assert_int_equal(parsed, 1);
    hk_parser_parse(parser, &file, on_parsed, NULL);
    world.session.ended(world.session.context, 7);
    assert_int_equal(parsed, 2);
    assert_non_null(strstr(parse_error, "exit code 7"));
    assert_int_equal(hk_parser_count(parser), 0);
    hk_parser_free(parser);
}

static int64_t later(void *context)
{
    return now(context) + 1000000;
}

static struct hk_job_key key_of_parse(const struct hk_clock *clock)
{
    struct hk_parser_options options = {.clock = clock, .port = port, .services = fakes};
    struct hk_parser *parser = hk_parser_new(&options);
    struct hk_parser_file file = {.path = "/home/dags/a.py", .bundle_path = "/home/dags", .bundle_name = "dags"};
    hk_parser_parse(parser, &file, on_parsed, NULL);
    world.session.ended(world.session.context, 7);
    hk_parser_free(parser);
    return world.key;
}

/* The shim outlives an engine, and with it the files that were being read. */
static void engines_read_files_under_keys_of_their_own(void **state)
{
    (void)state;
    static const struct hk_clock later_clock = {later, later, NULL};
    struct hk_job_key first = key_of_parse(&fixed_clock);
    struct hk_job_key second = key_of_parse(&later_clock);
    assert_true(first.run < 0 && second.run < 0); /* no run of the database */
    assert_false(hk_job_key_eq(&first, &second));
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(tells_the_process_what_to_run),
        test(takes_in_what_is_secret),
        test(answers_what_is_asked),
        test(slices_as_python_does),
        test(takes_the_last_word),
        test(tells_what_became_of_outlets),
        test(judges_a_silent_end_by_its_exit_code),
        test(tells_a_stopped_task_from_a_failed_one),
        test(fails_a_deferral_by_name),
        test(refuses_by_name),
        test(triggers_runs),
        test(hands_out_a_second_log_socket),
        test(survives_an_answer_after_the_end),
        test(adopts_what_a_former_engine_started),
        test(parses_a_file),
        test(engines_read_files_under_keys_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
