/* Webhooks through the door, and what reaches a receiver: a socket of this test, which answers as it is told. */
#include "tests/unit/api/mlflow/fixture.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <sys/socket.h>

#define A "/api/2.0/mlflow/"
#define EVENTS "\"events\":[{\"entity\":\"REGISTERED_MODEL\",\"action\":\"CREATED\"}]"

static char id[64];
static int listening = -1;
static int port;
static char seen[64 * 1024]; /* the last request */

static void ask(const char *method, int status, const char *path, const char *part, const char *json)
{
    char target[256];
    snprintf(target, sizeof target, A "%s", path);
    fx_expect(status, method, target, json, part);
}

static void remember_id(void)
{
    const char *at = strstr(fx_body, "\"webhook_id\":\"") + strlen("\"webhook_id\":\"");
    snprintf(id, sizeof id, "%.*s", (int)strcspn(at, "\""), at);
    assert_int_equal(strlen(id), 36);
}

static void with_id(const char *method, int status, const char *suffix, const char *part, const char *json)
{
    char path[128];
    snprintf(path, sizeof path, "webhooks/%s%s", id, suffix);
    ask(method, status, path, part, json);
}

/* ---- a receiver ---- */

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 8), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &len), 0);
    port = ntohs(address.sin_port);
    fx_rules = (struct hk_webhook_rules){
        .schemes = "https,http", .allows_private = true, .has_counts = true, .timeout_s = 5, .max_retries = 2};
    return fx_set_up(state);
}

static int tear_down(void **state)
{
    int result = fx_tear_down(state);
    close(listening);
    fx_rules = (struct hk_webhook_rules){0};
    return result;
}

static bool is_whole(size_t len)
{
    const char *body = strstr(seen, "\r\n\r\n");
    const char *length = strcasestr(seen, "content-length:");
    return body != NULL && length != NULL && len >= (size_t)(body + 4 - seen) + (size_t)strtoull(length + 15, NULL, 10);
}

/* The next request, whole; -1: a sender that went away. */
static int next_request(void)
{
    struct pollfd ready = {.fd = listening, .events = POLLIN};
    int slices = 0;
    while (poll(&ready, 1, 20) == 0) {
        hk_store_deliver(fx.store); /* the loop's part: news of a commit may come after its answer */
        assert_true(slices++ < 1000);
    }
    int fd = accept(listening, NULL, NULL);
    size_t len = 0;
    seen[0] = '\0';
    while (!is_whole(len)) {
        ssize_t n = read(fd, seen + len, sizeof seen - 1 - len);
        if (n <= 0) {
            close(fd);
            return -1;
        }
        len += (size_t)n;
        seen[len] = '\0';
    }
    return fd;
}

/* Waits for one request, and answers it. */
static void receive(const char *answer)
{
    int fd = -1;
    while (fd < 0) {
        fd = next_request();
    }
    assert_true(write(fd, answer, strlen(answer)) > 0);
    close(fd);
}

static bool nothing_comes(int ms)
{
    struct pollfd ready = {.fd = listening, .events = POLLIN};
    return poll(&ready, 1, ms) == 0;
}

static void header(const char *name, char *out, size_t size)
{
    const char *at = strcasestr(seen, name);
    assert_non_null(at);
    at += strlen(name) + 2;
    snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void check_signature(const char *secret)
{
    char delivery[64];
    char timestamp[32];
    char signature[64];
    char content[8192];
    unsigned char mac[32];
    char expected[64] = "v1,";
    unsigned len = 0;
    header("X-MLflow-Delivery-Id", delivery, sizeof delivery);
    header("X-MLflow-Timestamp", timestamp, sizeof timestamp);
    header("X-MLflow-Signature", signature, sizeof signature);
    int n = snprintf(content, sizeof content, "%s.%s.%s", delivery, timestamp, strstr(seen, "\r\n\r\n") + 4);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)content, (size_t)n, mac, &len);
    EVP_EncodeBlock((unsigned char *)expected + 3, mac, (int)len);
    assert_string_equal(signature, expected);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
#define NO "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"

static void subscribe(const char *events, const char *more)
{
    char json[1024];
    snprintf(json, sizeof json, "{\"name\":\"w\",\"url\":\"http://127.0.0.1:%d/hook\",\"events\":[%s]%s}", port, events,
             more);
    ask("POST", 200, "webhooks", "\"status\":\"ACTIVE\"", json);
    remember_id();
}

static int64_t owed(void)
{
    static const char COUNT[] = "SELECT count(*) FROM webhook_delivery";
    struct hk_db *db = NULL;
    struct hk_error err;
    int64_t count = -1;
    assert_true(hk_store_reader_take(fx.store, &db, &err));
    assert_true(hk_run_for_int(hk_db_query(db, COUNT), &count, &err));
    hk_store_reader_give(fx.store, db);
    return count;
}

static void wait_until_nothing_is_owed(void)
{
    for (int i = 0; i < 1000 && owed() != 0; i++) {
        usleep(10000);
    }
    assert_int_equal(owed(), 0);
}

/* The clock of the fixture stands still: retries come when it is moved. */
static void let_pass(int64_t us)
{
    fx.now_us += us;
    hk_store_deliver(fx.store);
}

/* ---- the tests ---- */

static void webhooks_are_kept(void **state)
{
    (void)state;
    ask("POST", 200, "webhooks", "\"description\":\"d\",\"url\":\"https://h/x\"," EVENTS ",\"status\":\"ACTIVE\"",
        "{\"name\":\"w\",\"url\":\"https://h/x\",\"description\":\"d\",\"secret\":\"s\"," EVENTS "}");
    assert_null(strstr(fx_body, "secret"));
    remember_id();
    with_id("GET", 200, "", "\"name\":\"w\"", NULL);
    with_id("PATCH", 200, "", "\"name\":\"v\"", "{\"name\":\"v\"}");
    with_id("PATCH", 200, "", "\"status\":\"DISABLED\"", "{\"status\":\"DISABLED\"}");
    with_id("PATCH", 200, "", "[{\"entity\":\"PROMPT\",\"action\":\"CREATED\"}]",
            "{\"events\":[{\"entity\":5,\"action\":\"CREATED\"}]}");
    ask("POST", 200, "webhooks", "", "{\"name\":\"w2\",\"url\":\"https://h/y\"," EVENTS "}");
    ask("GET", 200, "webhooks?max_results=1", "\"next_page_token\":\"eyJvZmZzZXQiOiAxfQ==\"", NULL);
    ask("GET", 200, "webhooks?page_token=eyJvZmZzZXQiOiAxfQ==", "\"name\":\"v\"", NULL);
    ask("GET", 400, "webhooks?page_token=!", "Invalid page token, could not base64-decode", NULL);
    ask("GET", 400, "webhooks?max_results=1001", "max_results must be between 1 and 1000.", NULL);
    with_id("DELETE", 200, "", "{}", NULL);
    with_id("DELETE", 404, "", "Webhook with ID ", NULL);
    with_id("PATCH", 404, "", "not found.", "{\"name\":\"v\"}");
    with_id("POST", 404, "/test", "not found.", "{}");
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    ask("POST", 400, "webhooks", "Missing value for required parameter 'name'. See", "{}");
    ask("POST", 400, "webhooks", "Missing value for required parameter 'events'. See",
        "{\"name\":\"w\",\"url\":\"https://h/x\"}");
    ask("POST", 400, "webhooks", "Webhook events must be a non-empty list",
        "{\"name\":\"w\",\"url\":\"https://h/x\",\"events\":[]}");
    ask("POST", 400, "webhooks", "Webhook name '-w' is invalid.",
        "{\"name\":\"-w\",\"url\":\"https://h/x\"," EVENTS "}");
    ask("POST", 400, "webhooks", "Invalid webhook URL scheme: 'ftp'.",
        "{\"name\":\"w\",\"url\":\"ftp://h/x\"," EVENTS "}");
    ask("POST", 400, "webhooks", "Invalid action 'deleted' for entity 'model_version'.",
        "{\"name\":\"w\",\"url\":\"https://h/x\",\"events\":[{\"entity\":\"MODEL_VERSION\",\"action\":\"DELETED\"}]}");
    ask("POST", 400, "webhooks", "there are no budget policies here",
        "{\"name\":\"w\",\"url\":\"https://h/x\",\"events\":[{\"entity\":\"BUDGET_POLICY\",\"action\":\"EXCEEDED\"}]}");
    assert_int_equal(fx_call_as("ann", "user", "GET", A "webhooks", NULL), 403);
}

static void private_hosts_are_not_called(void **state)
{
    (void)state;
    ask("POST", 400, "webhooks", "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.",
        "{\"name\":\"w\",\"url\":\"http://8.8.8.8/x\"," EVENTS "}");
    ask("POST", 400, "webhooks",
        "Webhook URL must not resolve to a non-public IP address. '127.0.0.1' resolves to 127.0.0.1.",
        "{\"name\":\"w\",\"url\":\"https://127.0.0.1/x\"," EVENTS "}");
    ask("POST", 400, "webhooks", "'2130706433' resolves to 127.0.0.1.",
        "{\"name\":\"w\",\"url\":\"https://2130706433/x\"," EVENTS "}");
    ask("POST", 400, "webhooks", "'::1' resolves to ::1.", "{\"name\":\"w\",\"url\":\"https://[::1]/x\"," EVENTS "}");
    ask("POST", 200, "webhooks", "", "{\"name\":\"w\",\"url\":\"https://8.8.8.8/x\"," EVENTS "}");
}

static void an_event_reaches_who_has_subscribed(void **state)
{
    (void)state;
    subscribe("{\"entity\":\"REGISTERED_MODEL\",\"action\":\"CREATED\"},"
              "{\"entity\":\"MODEL_VERSION_ALIAS\",\"action\":\"CREATED\"}",
              ",\"secret\":\"s3cret\"");
    ask("POST", 200, "registered-models/create", "",
        "{\"name\":\"m\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}],\"description\":\"d\"}");
    receive(OK);
    assert_non_null(strstr(seen, "POST /hook HTTP/1.1"));
    assert_non_null(strstr(seen, "{\"entity\":\"registered_model\",\"action\":\"created\","
                                 "\"timestamp\":\"2023-11-14T22:13:20+00:00\","
                                 "\"data\":{\"name\":\"m\",\"tags\":{\"a\":\"b\"},\"description\":\"d\"}}"));
    check_signature("s3cret");
    wait_until_nothing_is_owed();
    ask("POST", 200, "model-versions/create", "", "{\"name\":\"m\",\"source\":\"s3://b/m\"}"); /* not subscribed to */
    ask("POST", 200, "registered-models/alias", "{}", "{\"name\":\"m\",\"alias\":\"best\",\"version\":\"1\"}");
    receive(OK);
    assert_non_null(strstr(seen, "\"entity\":\"model_version_alias\""));
    assert_non_null(strstr(seen, "\"data\":{\"name\":\"m\",\"alias\":\"best\",\"version\":\"1\"}"));
    wait_until_nothing_is_owed();
}

static void prompts_have_events_of_their_own(void **state)
{
    (void)state;
#define PROMPT "{\"key\":\"mlflow.prompt.is_prompt\",\"value\":\"true\"}"
    subscribe("{\"entity\":\"PROMPT\",\"action\":\"CREATED\"},{\"entity\":\"PROMPT_VERSION\",\"action\":\"CREATED\"},"
              "{\"entity\":\"PROMPT_TAG\",\"action\":\"SET\"},{\"entity\":\"MODEL_VERSION\",\"action\":\"CREATED\"}",
              "");
    ask("POST", 200, "registered-models/create", "", "{\"name\":\"p\",\"tags\":[" PROMPT "]}");
    receive(OK);
    assert_non_null(strstr(seen, "\"entity\":\"prompt\""));
    assert_non_null(strstr(seen, "\"data\":{\"name\":\"p\",\"tags\":{},\"description\":\"\"}"));
    assert_null(strcasestr(seen, "X-MLflow-Signature"));
    wait_until_nothing_is_owed();
    ask("POST", 200, "model-versions/create", "",
        "{\"name\":\"p\",\"source\":\"dummy-source\",\"tags\":[" PROMPT
        ",{\"key\":\"mlflow.prompt.text\",\"value\":\"hi\"}]}");
    receive(OK);
    assert_non_null(strstr(seen, "\"entity\":\"prompt_version\""));
    assert_non_null(strstr(seen, "{\"name\":\"p\",\"version\":\"1\",\"template\":\"hi\",\"tags\":{},"
                                 "\"description\":null}"));
    wait_until_nothing_is_owed();
    ask("POST", 200, "registered-models/set-tag", "{}", "{\"name\":\"p\",\"key\":\"k\",\"value\":\"v\"}");
    receive(OK);
    assert_non_null(strstr(seen, "\"data\":{\"name\":\"p\",\"key\":\"k\",\"value\":\"v\"}"));
    wait_until_nothing_is_owed();
}

static void a_receiver_that_is_busy_is_asked_again(void **state)
{
    (void)state;
    char first[64];
    char second[64];
    subscribe("{\"entity\":\"REGISTERED_MODEL\",\"action\":\"CREATED\"}", "");
    ask("POST", 200, "registered-models/create", "", "{\"name\":\"m\"}");
    receive(BUSY);
    header("X-MLflow-Delivery-Id", first, sizeof first);
    assert_true(nothing_comes(200));
    let_pass(2 * HK_SECOND_US);
    receive(BUSY);
    header("X-MLflow-Delivery-Id", second, sizeof second);
    assert_string_equal(first, second);
    assert_true(nothing_comes(200));
    let_pass(4 * HK_SECOND_US);
    receive(BUSY); /* the last of two retries */
    wait_until_nothing_is_owed();

    ask("POST", 200, "registered-models/create", "", "{\"name\":\"n\"}");
    receive(NO); /* for good */
    wait_until_nothing_is_owed();
}

static void a_delivery_outlives_the_sender(void **state)
{
    (void)state;
    subscribe("{\"entity\":\"REGISTERED_MODEL\",\"action\":\"CREATED\"}", "");
    ask("POST", 200, "registered-models/create", "", "{\"name\":\"m\"}");
    hk_mlflow_free(fx.mlflow); /* nobody was told that there is something to do */
    assert_int_equal(owed(), 1);
    const struct hk_mlflow_options mlflow = {.store = fx.store,
                                             .clock = &fx_clock,
                                             .secret = &fx.key,
                                             .webhooks = fx_rules,
                                             .artifacts = fx.artifacts,
                                             .jobs = fx.jobs,
                                             .post = fx_post};
    fx.mlflow = hk_mlflow_new(&mlflow);
    receive(OK);
    wait_until_nothing_is_owed();
}

/* A redirect is an answer, and no reason to call somebody else. */
static void redirects_are_not_followed(void **state)
{
    (void)state;
    subscribe("{\"entity\":\"REGISTERED_MODEL\",\"action\":\"CREATED\"}", "");
    ask("POST", 200, "registered-models/create", "", "{\"name\":\"m\"}");
    receive("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    wait_until_nothing_is_owed();
    assert_true(nothing_comes(200));
}

static void a_trial_tells_what_came_of_it(void **state)
{
    (void)state;
    subscribe("{\"entity\":\"MODEL_VERSION\",\"action\":\"CREATED\"}", "");
    close(listening); /* nobody is there */
    with_id("POST", 200, "/test", "\"success\":false,\"error_message\":\"Failed to test webhook: ", "{}");
    with_id("POST", 400, "/test", "Invalid entity", "{\"event\":{\"entity\":\"NOPE\",\"action\":\"CREATED\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(webhooks_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(private_hosts_are_not_called, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(an_event_reaches_who_has_subscribed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prompts_have_events_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_receiver_that_is_busy_is_asked_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delivery_outlives_the_sender, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirects_are_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trial_tells_what_came_of_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
