#include "workers/parser.h"

#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/supervisor_internal.h"

struct hk_parser {
    struct hk_supervisor *supervisor; /* answers the requests; has no jobs of its own */
    int64_t last_run;                 /* keys count down from the time of the start: see hk_parser_new */
};

struct parse {
    struct hk__session *session;
    json_t *document;
    int64_t started_us;
    char *path;
    hk_parser_done_fn done;
    void *arg;
    bool is_callback;
};

static void parse_message(void *context, struct hk_str payload)
{
    struct parse *parse = context;
    struct hk_sdk_message message;
    struct hk_error err;
    bool is_result = hk_sdk_message_decode(payload, &message, &err) && json_is_object(message.body) &&
                     strcmp(hk_json_get_text(message.body, "type", ""), "DagFileParsingResult") == 0;
    if (!is_result) {
        hk_sdk_message_clear(&message);
        hk__session_message(parse->session, payload);
        return;
    }
    json_decref(parse->document);
    parse->document = json_incref(message.body);
    hk__session_reply(parse->session, message.id, NULL, NULL);
    hk_sdk_message_clear(&message);
}

static void say_why(const struct parse *parse, int exit_code, int64_t now_us, struct hk_error *err)
{
    const struct hk_python_port *port = &parse->session->supervisor->options.port;
    const char *refusal = port->refusal(port->context, &parse->session->key);
    if (refusal != NULL) {
        (void)hk_error_set(err, HK_UNAVAILABLE, "%s", refusal);
    } else if (exit_code == HK_EXIT_LOST) {
        (void)hk_error_set(err, HK_UNAVAILABLE, "The Python host ended while it imported '%s'.", parse->path);
    } else if (now_us - parse->started_us >= HK_PARSE_TIMEOUT_MS * HK_MS_US) {
        (void)hk_error_set(err, HK_TIMEOUT,
                           "Importing '%s' took longer than %d seconds and was ended. Do less at the top level of "
                           "the file.",
                           parse->path, HK_PARSE_TIMEOUT_MS / 1000);
    } else if (exit_code < 0) {
        (void)hk_error_set(err, HK_INVALID, "The process that imported '%s' was killed by signal %d (%s).", parse->path,
                           -exit_code, strsignal(-exit_code));
    } else {
        (void)hk_error_set(err, HK_INVALID,
                           "The process that imported '%s' ended with exit code %d before it had told its DAGs. Does "
                           "the file end the interpreter when imported?",
                           parse->path, exit_code);
    }
}

static void parse_ended(void *context, int exit_code)
{
    struct parse *parse = context;
    struct hk__session *session = parse->session;
    const struct hk_supervisor_options *options = &session->supervisor->options;
    struct hk_error err;
    session->is_ended = true;
    if (parse->document == NULL) {
        say_why(parse, exit_code, hk_clock_monotonic_us(options->clock), &err);
    }
    options->port.forget(options->port.context, &session->key);
    hk__session_release(session);
    /* A process that only ran a callback sends no document. */
    bool is_fine = parse->document != NULL || (parse->is_callback && exit_code == 0);
    parse->done(parse->arg, parse->document, is_fine ? NULL : &err);
    json_decref(parse->document);
    free(parse->path);
    free(parse);
}

static char *make_environment(const struct hk_parser_file *file)
{
    json_t *list =
        json_pack("[{s:s,s:s,s:{s:s}}]", "name", file->bundle_name, "classpath",
                  "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs", "path", file->bundle_path);
    char *text = list != NULL ? hk_json_dump(list) : hk_strdup("[]");
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_CONF_BYTES);
    hk_buf_printf(&out, "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=%s", text);
    free(text);
    json_decref(list);
    return hk_buf_take(&out);
}

static json_t *make_callbacks(const char *callback_json)
{
    struct hk_error err;
    json_t *list = json_array();
    json_t *callback = callback_json != NULL ? hk_json_parse(hk_str_from(callback_json), &err) : NULL;
    if (callback != NULL) {
        json_array_append_new(list, callback);
    }
    return list;
}

void hk_parser_parse(struct hk_parser *parser, const struct hk_parser_file *file, hk_parser_done_fn done, void *arg)
{
    const struct hk_supervisor_options *options = &parser->supervisor->options;
    struct hk_job_key key = {.run = --parser->last_run, .map_index = -1};
    struct parse *parse = hk_alloc(sizeof *parse);
    *parse = (struct parse){.session = hk__session_new(parser->supervisor, &key),
                            .path = hk_strdup(file->path),
                            .started_us = hk_clock_monotonic_us(options->clock),
                            .done = done,
                            .arg = arg};
    parse->session->is_parse = true;
    parse->is_callback = file->callback_json != NULL;
    char *bundle = make_environment(file);
    const char *environment[] = {bundle, NULL};
    char id[32];
    snprintf(id, sizeof id, "parse-%lld", (long long)-key.run);
    struct hk_buf first;
    hk_buf_init(&first, HK_MAX_FRAME_BYTES);
    json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:o}", "type", "DagFileParseRequest", "file", file->path, "bundle_path",
                             file->bundle_path, "bundle_name", file->bundle_name, "callback_requests",
                             make_callbacks(file->callback_json));
    hk_sdk_message_encode(0, body, NULL, &first);
    json_decref(body);
    struct hk_python_start start = {
        .kind = HK_PYTHON_PARSE,
        .key = key,
        .id = id,
        .dag_file = file->path,
        .environment = environment,
        .timeout_us = HK_PARSE_TIMEOUT_MS * HK_MS_US,
        .first = hk_buf_str(&first),
    };
    struct hk_python_session session = {parse, parse_message, parse_ended};
    options->port.start(options->port.context, &start, &session);
    hk_buf_clear(&first);
    free(bundle);
}

struct hk_parser *hk_parser_new(const struct hk_parser_options *options)
{
    struct hk_supervisor_options inner = {
        .clock = options->clock, .port = options->port, .services = options->services};
    struct hk_parser *parser = hk_alloc(sizeof *parser);
    parser->supervisor = hk_supervisor_new(&inner);
    /* The shim may still have the files that an earlier engine was reading; they are not to be taken for ours. */
    parser->last_run = -hk_clock_wall_us(options->clock);
    return parser;
}

size_t hk_parser_count(const struct hk_parser *parser)
{
    return hk_supervisor_count(parser->supervisor);
}

void hk_parser_free(struct hk_parser *parser)
{
    if (parser != NULL) {
        hk_supervisor_free(parser->supervisor);
        free(parser);
    }
}
