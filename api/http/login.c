#include "api/http/login.h"

#include "api/http/python_repr.h"
#include "api/http/validate.h"

static const char only_all_admins[] =
    "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True";

struct login_form {
    struct hk_str username;
    struct hk_str password;
};

static void answer_token(const struct hk_request *req, struct hk_response *res, const struct hk_caller *caller,
                         int64_t valid_seconds)
{
    struct hk_auth *auth = req->context;
    struct hk_str token;
    struct hk_error err;
    const struct hk_token_grant grant = {.subject = caller->username,
                                         .role = hk_str_from(hk_role_name(caller->role)),
                                         .audience = HK_STR(HK_AUDIENCE_USER),
                                         .valid_seconds = valid_seconds};
    if (!hk_auth_issue(auth, &grant, req->arena, &token, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    struct hk_json w;
    res->status = 201;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "access_token", token);
    hk_json_end_object(&w);
}

static const struct hk_caller anonymous_admin = {.username = {"Anonymous", 9}, .role = HK_ROLE_ADMIN};

static void log_in(const struct hk_request *req, struct hk_response *res, const struct login_form *form,
                   int64_t valid_seconds)
{
    struct hk_auth *auth = req->context;
    struct hk_caller caller;
    struct hk_error err;
    if (hk_auth_is_all_admins(auth)) {
        answer_token(req, res, &anonymous_admin, valid_seconds);
        return;
    }
    if (form->username.len == 0 || form->password.len == 0) {
        hk_fail_status(req, res, 400, "Username and password must be provided");
        return;
    }
    const struct hk_login login = {form->username, form->password, req->remote};
    if (hk_auth_login(auth, &login, req->arena, &caller, &err)) {
        answer_token(req, res, &caller, valid_seconds);
    } else if (err.code == HK_LIMIT) {
        hk_fail_status(req, res, 429, err.message);
    } else {
        hk_fail_error(req, res, &err);
    }
}

/* Airflow answers a bad login body with pydantic's text instead of the usual list. */
struct form_faults {
    struct hk_buf text;
    int count;
};

static void add_fault(struct form_faults *faults, const char *name, const char *message, const char *type,
                      const json_t *input)
{
    hk_buf_printf(&faults->text, "\n%s\n  %s [type=%s, input_value=", name, message, type);
    hk_python_repr(&faults->text, input, 50);
    hk_buf_printf(&faults->text,
                  ", input_type=%s]\n    For further information visit "
                  "https://errors.pydantic.dev/2.14/v/%s",
                  hk_python_type(input), type);
    faults->count++;
}

static struct hk_str read_field(const struct hk_request *req, const json_t *body, const char *name,
                                struct form_faults *faults)
{
    const json_t *value = json_object_get(body, name);
    if (value == NULL) {
        add_fault(faults, name, "Field required", "missing", body);
    } else if (!json_is_string(value)) {
        add_fault(faults, name, "Input should be a valid string", "string_type", value);
    } else {
        return hk_arena_str(req->arena, (struct hk_str){json_string_value(value), json_string_length(value)});
    }
    return (struct hk_str){0};
}

static void answer_faults(const struct hk_request *req, struct hk_response *res, const struct form_faults *faults)
{
    const char *text = hk_arena_printf(req->arena, "%d validation error%s for LoginBody%s", faults->count,
                                       faults->count == 1 ? "" : "s", faults->text.data);
    hk_fail_status(req, res, 422, text);
}

static bool read_object(const struct hk_request *req, struct hk_response *res, json_t *body, struct login_form *form)
{
    struct form_faults faults = {.count = 0};
    const char *name = NULL;
    json_t *value = NULL;
    hk_buf_init(&faults.text, 64 * 1024);
    form->username = read_field(req, body, "username", &faults);
    form->password = read_field(req, body, "password", &faults);
    json_object_foreach (body, name, value) {
        if (!hk_str_is(hk_str_from(name), "username") && !hk_str_is(hk_str_from(name), "password")) {
            add_fault(&faults, name, "Extra inputs are not permitted", "extra_forbidden", value);
        }
    }
    if (faults.count > 0) {
        answer_faults(req, res, &faults);
    }
    hk_buf_clear(&faults.text);
    return faults.count == 0;
}

static bool read_json(const struct hk_request *req, struct hk_response *res, struct login_form *form)
{
    struct hk_error err;
    json_t *body = hk_json_parse(req->body, &err);
    if (body == NULL) {
        hk_fail_status(req, res, 422, err.message);
        return false;
    }
    bool ok = false;
    if (!json_is_object(body)) {
        hk_fail_status(req, res, 422, "The body is not a JSON object; send {\"username\": ..., \"password\": ...}.");
    } else {
        ok = read_object(req, res, body, form);
    }
    json_decref(body);
    return ok;
}

static bool read_form(const struct hk_request *req, struct hk_response *res, struct login_form *form)
{
    struct hk_pairs pairs = {0};
    struct hk_error err;
    if (!hk_form_parse(req->body, req->arena, &pairs, &err)) {
        hk_fail_error(req, res, &err);
        return false;
    }
    json_t *body = json_pack("{s:n, s:n}", "username", "password"); /* as Airflow does: absent is None */
    for (size_t i = pairs.len; i > 0; i--) {
        const struct hk_pair *pair = &pairs.items[i - 1];
        const char *name = hk_str_is(pair->name, "username")   ? "username"
                           : hk_str_is(pair->name, "password") ? "password"
                                                               : NULL;
        if (name != NULL && json_is_null(json_object_get(body, name))) {
            json_object_set_new(body, name, json_stringn(pair->value.data, pair->value.len));
        }
    }
    bool ok = read_object(req, res, body, form);
    json_decref(body);
    return ok;
}

static void create_token(const struct hk_request *req, struct hk_response *res)
{
    struct login_form form = {0};
    struct hk_str media = hk_request_media_type(req);
    bool ok = false;
    if (media.len == 0 || hk_str_is(media, "application/json")) {
        ok = read_json(req, res, &form);
    } else if (hk_str_is(media, "application/x-www-form-urlencoded")) {
        ok = read_form(req, res, &form);
    } else {
        hk_fail_status(req, res, 415, "Only application/json or application/x-www-form-urlencoded is supported");
    }
    if (ok) {
        log_in(req, res, &form, HK_TOKEN_SECONDS);
    }
}

static void create_token_all_admins(const struct hk_request *req, struct hk_response *res)
{
    if (!hk_auth_is_all_admins(req->context)) {
        hk_fail_status(req, res, 403, only_all_admins);
        return;
    }
    answer_token(req, res, &anonymous_admin, HK_TOKEN_SECONDS);
}

static void create_token_cli(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct login_form form;
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    form.username = hk_body_text(body, "username", HK_REQUIRED);
    form.password = hk_body_text(body, "password", HK_REQUIRED);
    if (hk_validation_end(&v, res)) {
        log_in(req, res, &form, HK_TOKEN_CLI_SECONDS);
    }
}

static const struct hk_route routes[] = {
    {HK_METHOD_POST, "/auth/token", HK_ROLE_ANYONE, create_token},
    {HK_METHOD_GET, "/auth/token", HK_ROLE_ANYONE, create_token_all_admins},
    {HK_METHOD_POST, "/auth/token/cli", HK_ROLE_ANYONE, create_token_cli},
};

static const char *const prefixes[] = {"/auth", NULL};

bool hk_login_register(struct hk_router *router, struct hk_auth *auth, struct hk_error *err)
{
    const struct hk_door door = {.name = "auth",
                                 .prefixes = prefixes,
                                 .routes = routes,
                                 .route_count = sizeof routes / sizeof routes[0],
                                 .context = auth};
    return hk_router_add(router, &door, err);
}
