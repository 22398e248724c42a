#include "api/mlflow/webhook_sender.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/base/rand.h"

enum { SIGNATURE_BYTES = 32, SIGNATURE_TEXT = 45, LONGEST_WAIT_MS = 3600 * 1000 };

/* One POST on its way. */
struct transfer {
    struct transfer *next;
    struct hk__webhook_sender *sender;
    struct hk_arena arena;
    struct hk_webhook_delivery delivery; /* copies in the arena */
    hk__webhook_result_fn done;          /* NULL: a delivery of the database */
    void *arg;
    CURL *curl;
    struct curl_slist *headers;
    struct hk_buf body;
    struct hk_buf answer;
    bool was_refused; /* an address that nobody may be sent to */
};

struct hk__webhook_sender {
    struct hk_mlflow_options options;
    CURLM *multi;
    pthread_t thread;
    struct hk_rand rand; /* the thread's, like all up to the mutex */
    struct transfer *active;
    size_t active_count;
    int64_t next_us; /* when to look again */

    pthread_mutex_t mutex;
    bool is_stopping;
    bool has_news;
    struct transfer *trials;
};

/* ---- one transfer ---- */

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *t = data;
    if (!t->sender->options.webhooks.allows_private && !hk_address_is_public(&address->addr)) {
        t->was_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t room = HK_MAX_WEBHOOK_ANSWER - t->answer.len;
    hk_buf_add(&t->answer, data, size * count < room ? size * count : room);
    return size * count; /* what is too long is cut, not refused */
}

static void add_header(struct transfer *t, const char *name, const char *value)
{
    t->headers = curl_slist_append(t->headers, hk_arena_printf(&t->arena, "%s: %s", name, value));
}

/* As Python's isoformat() writes an instant in UTC. */
static const char *python_time(struct hk_arena *arena, int64_t us)
{
    char text[HK_ISO_SIZE];
    hk_iso_z(us, text);
    return hk_arena_printf(arena, "%.*s+00:00", (int)strcspn(text, "Z"), text);
}

static void write_body(struct transfer *t)
{
    struct hk_json w;
    hk_json_init(&w, &t->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "entity", t->delivery.entity);
    hk_json_kv_text(&w, "action", t->delivery.action);
    hk_json_kv_text(&w, "timestamp", python_time(&t->arena, t->delivery.happened_us));
    hk_json_kv_raw(&w, "data", hk_str_from(t->delivery.data_json));
    hk_json_end_object(&w);
}

static void sign(struct transfer *t, const char *timestamp)
{
    struct hk_str secret = t->delivery.secret;
    unsigned char mac[SIGNATURE_BYTES];
    unsigned char text[SIGNATURE_TEXT];
    unsigned len = 0;
    const char *content =
        hk_arena_printf(&t->arena, "%s.%s.%.*s", t->delivery.delivery_id, timestamp, (int)t->body.len, t->body.data);
    HMAC(EVP_sha256(), secret.data, (int)secret.len, (const unsigned char *)content, strlen(content), mac, &len);
    EVP_EncodeBlock(text, mac, (int)len);
    add_header(t, "X-MLflow-Signature", hk_arena_printf(&t->arena, "v1,%s", (const char *)text));
}

static void set_options(struct transfer *t)
{
    const struct hk_webhook_rules *rules = &t->sender->options.webhooks;
    curl_easy_setopt(t->curl, CURLOPT_URL, t->delivery.url);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, rules->schemes);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_PROXY, ""); /* the address that is looked at is the receiver's */
    curl_easy_setopt(t->curl, CURLOPT_TIMEOUT, (long)rules->timeout_s);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
    curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body.data);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
}

static struct transfer *transfer_new(struct hk__webhook_sender *s, const struct hk_webhook_delivery *d)
{
    struct transfer *t = hk_alloc(sizeof *t);
    t->sender = s;
    hk_arena_init(&t->arena);
    hk_buf_init(&t->body, SIZE_MAX);
    hk_buf_init(&t->answer, HK_MAX_WEBHOOK_ANSWER + 1);
    t->delivery = *d;
    t->delivery.delivery_id = hk_arena_strdup(&t->arena, d->delivery_id);
    t->delivery.entity = hk_arena_strdup(&t->arena, d->entity);
    t->delivery.action = hk_arena_strdup(&t->arena, d->action);
    t->delivery.data_json = hk_arena_strdup(&t->arena, d->data_json);
    t->delivery.url = hk_arena_strdup(&t->arena, d->url);
    if (d->secret.data != NULL) {
        t->delivery.secret = hk_arena_str(&t->arena, d->secret);
    }
    return t;
}

static void transfer_free(struct transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->curl);
    hk_buf_clear(&t->body);
    hk_buf_clear(&t->answer);
    hk_arena_clear(&t->arena);
    free(t);
}

static void start(struct hk__webhook_sender *s, struct transfer *t)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%" PRId64, hk_clock_wall_us(s->options.clock) / HK_SECOND_US);
    write_body(t);
    add_header(t, "Content-Type", "application/json");
    add_header(t, "X-MLflow-Delivery-Id", t->delivery.delivery_id);
    add_header(t, "X-MLflow-Timestamp", timestamp);
    if (t->delivery.secret.len > 0) {
        sign(t, timestamp);
    }
    t->curl = curl_easy_init();
    HK_ASSERT(t->curl != NULL);
    set_options(t);
    curl_multi_add_handle(s->multi, t->curl);
    t->next = s->active;
    s->active = t;
    s->active_count++;
}

/* ---- what came of it ---- */

static bool delete_delivery(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_webhook_delivered(db, *(int64_t *)arg, err);
}

struct postponement {
    int64_t key;
    int64_t due_us;
};

static bool postpone_delivery(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct postponement *p = arg;
    return hk_store_webhook_postpone(db, p->key, p->due_us, err);
}

/* 1, 2, 4 ... seconds and up to one more, so that many do not come back at once. */
static int64_t wait_us(struct hk__webhook_sender *s, struct transfer *t)
{
    curl_off_t asked = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &asked);
    int64_t shift = t->delivery.tries < 6 ? t->delivery.tries : 6;
    int64_t seconds = asked > 0 ? asked : INT64_C(1) << shift;
    seconds = seconds < HK_MAX_WEBHOOK_WAIT_S ? seconds : HK_MAX_WEBHOOK_WAIT_S;
    return seconds * HK_SECOND_US + (int64_t)hk_rand_below(&s->rand, HK_SECOND_US);
}

static bool is_worth_another_try(CURLcode code, long status, const struct transfer *t)
{
    if (code != CURLE_OK) {
        return !t->was_refused && code != CURLE_URL_MALFORMAT && code != CURLE_UNSUPPORTED_PROTOCOL;
    }
    return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

static bool settle(struct hk__webhook_sender *s, struct transfer *t, CURLcode code, long status)
{
    struct hk_error err;
    bool again = is_worth_another_try(code, status, t) && t->delivery.tries < s->options.webhooks.max_retries;
    struct postponement p = {t->delivery.key, again ? hk_clock_wall_us(s->options.clock) + wait_us(s, t) : 0};
    bool ok = again ? hk_store_write_now(s->options.store, postpone_delivery, &p, &err)
                    : hk_store_write_now(s->options.store, delete_delivery, &p.key, &err);
    const char *why = t->was_refused ? "the address is not public" : curl_easy_strerror(code);
    if (!ok) {
        hk_log(HK_ERROR, "mlflow", "outcome of a webhook's delivery is not written down", HK_KEY("why", err.message));
    } else if (!again && (code != CURLE_OK || status >= 400)) {
        hk_log(HK_WARN, "mlflow", "webhook could not be delivered", HK_KEY("delivery", t->delivery.delivery_id),
               HK_KEY_INT("status", status), HK_KEY("why", code != CURLE_OK ? why : "the receiver refuses it"));
    }
    return ok;
}

static void report(struct transfer *t, CURLcode code, long status)
{
    struct hk__webhook_result result = {.status = status, .body = hk_buf_str(&t->answer)};
    if (code != CURLE_OK) {
        result.status = 0;
        result.error = t->was_refused ? "the address of the webhook is not public" : curl_easy_strerror(code);
    }
    t->done(t->arg, &result);
}

static void finish(struct hk__webhook_sender *s, struct transfer *t, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->done != NULL) {
        report(t, code, status);
    } else {
        /* There may be more that is due, or this again; where nothing can be written, not at once. */
        bool ok = settle(s, t, code, status);
        s->next_us = ok ? 0 : hk_clock_wall_us(s->options.clock) + HK_MAX_WEBHOOK_WAIT_S * HK_SECOND_US;
    }
    for (struct transfer **at = &s->active; *at != NULL; at = &(*at)->next) {
        if (*at == t) {
            *at = t->next;
            break;
        }
    }
    s->active_count--;
    curl_multi_remove_handle(s->multi, t->curl);
    transfer_free(t);
}

/* ---- the thread ---- */

static void start_due(void *arg, const struct hk_webhook_delivery *d)
{
    struct hk__webhook_sender *s = arg;
    for (const struct transfer *t = s->active; t != NULL; t = t->next) {
        if (t->done == NULL && t->delivery.key == d->key) {
            return; /* on its way */
        }
    }
    if (s->active_count < HK_MAX_WEBHOOK_TRANSFERS) {
        start(s, transfer_new(s, d));
    }
}

static void look(struct hk__webhook_sender *s)
{
    int64_t now = hk_clock_wall_us(s->options.clock);
    struct hk_db *db = NULL;
    struct hk_error err;
    struct hk_arena arena;
    int64_t next = HK_TIME_NONE;
    hk_arena_init(&arena);
    bool ok = hk_store_reader_take(s->options.store, &db, &err);
    if (ok) {
        ok = hk_store_webhook_due(db, s->options.secret, now, HK_MAX_WEBHOOK_TRANSFERS, &arena, start_due, s, &next,
                                  &err);
        hk_store_reader_give(s->options.store, db);
    }
    if (!ok) {
        hk_log(HK_ERROR, "mlflow", "webhooks cannot be read", HK_KEY("why", err.message));
        next = now + HK_MAX_WEBHOOK_WAIT_S * HK_SECOND_US;
    }
    s->next_us = next != HK_TIME_NONE ? next : INT64_MAX;
    hk_arena_clear(&arena);
}

/* What others have asked for meanwhile; false: it is time to end. */
static bool take_orders(struct hk__webhook_sender *s)
{
    pthread_mutex_lock(&s->mutex);
    bool goes_on = !s->is_stopping;
    struct transfer *trials = s->trials;
    s->trials = NULL;
    if (s->has_news) {
        s->has_news = false;
        s->next_us = 0;
    }
    pthread_mutex_unlock(&s->mutex);
    while (trials != NULL) {
        struct transfer *t = trials;
        trials = t->next;
        start(s, t);
    }
    return goes_on;
}

static int wait_ms(const struct hk__webhook_sender *s)
{
    int64_t left_ms = (s->next_us - hk_clock_wall_us(s->options.clock)) / HK_MS_US + 1;
    return left_ms < 0 ? 0 : left_ms < LONGEST_WAIT_MS ? (int)left_ms : LONGEST_WAIT_MS;
}

static void *run(void *arg)
{
    struct hk__webhook_sender *s = arg;
    while (take_orders(s)) {
        int left = 0;
        if (s->next_us <= hk_clock_wall_us(s->options.clock) && s->active_count < HK_MAX_WEBHOOK_TRANSFERS) {
            look(s);
        }
        curl_multi_perform(s->multi, &left);
        bool has_finished = false;
        const CURLMsg *message = NULL;
        while ((message = curl_multi_info_read(s->multi, &left)) != NULL) {
            CURLcode code = message->data.result;
            void *private = NULL;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
            finish(s, private, code);
            has_finished = true;
        }
        if (!has_finished) {
            int most = s->active_count < HK_MAX_WEBHOOK_TRANSFERS ? wait_ms(s) : LONGEST_WAIT_MS;
            curl_multi_poll(s->multi, NULL, 0, most, NULL);
        }
    }
    return NULL;
}

/* ---- from outside ---- */

struct hk__webhook_sender *hk__webhook_sender_new(const struct hk_mlflow_options *options)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct hk__webhook_sender *s = hk_alloc(sizeof *s);
    s->options = *options;
    hk_rand_init_system(&s->rand);
    pthread_mutex_init(&s->mutex, NULL);
    s->multi = curl_multi_init();
    HK_ASSERT(s->multi != NULL);
    HK_ASSERT(pthread_create(&s->thread, NULL, run, s) == 0);
    return s;
}

void hk__webhook_sender_wake(void *sender)
{
    struct hk__webhook_sender *s = sender;
    pthread_mutex_lock(&s->mutex);
    s->has_news = true;
    pthread_mutex_unlock(&s->mutex);
    curl_multi_wakeup(s->multi);
}

void hk__webhook_sender_try(struct hk__webhook_sender *s, const struct hk_webhook_delivery *delivery,
                            hk__webhook_result_fn done, void *arg)
{
    struct transfer *t = transfer_new(s, delivery);
    t->done = done;
    t->arg = arg;
    pthread_mutex_lock(&s->mutex);
    t->next = s->trials;
    s->trials = t;
    pthread_mutex_unlock(&s->mutex);
    curl_multi_wakeup(s->multi);
}

void hk__webhook_sender_free(struct hk__webhook_sender *s)
{
    if (s == NULL) {
        return;
    }
    pthread_mutex_lock(&s->mutex);
    s->is_stopping = true;
    pthread_mutex_unlock(&s->mutex);
    curl_multi_wakeup(s->multi);
    pthread_join(s->thread, NULL);
    while (s->active != NULL) {
        struct transfer *t = s->active;
        s->active = t->next;
        if (t->done != NULL) {
            report(t, CURLE_ABORTED_BY_CALLBACK, 0);
        }
        curl_multi_remove_handle(s->multi, t->curl);
        transfer_free(t);
    }
    curl_multi_cleanup(s->multi);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
