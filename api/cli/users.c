#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "api/cli/verbs.h"
#include "api/http/password.h"
#include "engine/base/json.h"

/* Airflow's simple auth manager keeps its users in a file and has no verbs for them; these are those of its FAB auth
 * manager. They go through the private door (door.h): /api/v2 has no users. */

static bool list_users(struct hk_cli *cli, struct hk_error *err)
{
    json_t *users = hk_client_list(cli->client, "/hanok/users", "users", err);
    if (users == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *user;
    json_array_foreach (users, i, user) {
        json_array_append_new(rows, json_pack("{s:O, s:O}", "username", json_object_get(user, "username"), "roles",
                                              json_object_get(user, "role")));
    }
    json_decref(users);
    return hk_cli_print_rows(cli, rows);
}

static bool ask_password(char *out, size_t out_size, struct hk_error *err)
{
    struct termios old;
    struct termios silent;
    bool is_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    if (is_terminal) {
        fputs("Password: ", stderr);
        silent = old;
        silent.c_lflag &= (tcflag_t)~ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool got = fgets(out, (int)out_size, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }
    if (got) {
        out[strcspn(out, "\r\n")] = '\0';
    }
    return (got && out[0] != '\0') || hk_error_set(err, HK_INVALID,
                                                   "no password was given; use --password, "
                                                   "--use-random-password, or type one");
}

/* By --password, --use-random-password (then it is printed) or by asking. */
static bool find_password(const struct hk_cli *cli, char *out, size_t out_size, struct hk_error *err)
{
    const char *given = hk_arguments_text(cli->args, "password");
    if (given != NULL && given[0] == '\0') {
        return hk_error_set(err, HK_INVALID, "the password is empty");
    }
    if (given != NULL) {
        return hk_str_copy(out, out_size, hk_str_from(given)) ||
               hk_error_set(err, HK_LIMIT, "the password is longer than %d bytes", HK_MAX_PASSWORD_BYTES);
    }
    if (hk_arguments_has(cli->args, "use-random-password")) {
        return hk_password_new(out, err);
    }
    return ask_password(out, out_size, err);
}

static void tell_random(const struct hk_cli *cli, const char *password)
{
    if (hk_arguments_has(cli->args, "use-random-password") && !hk_arguments_has(cli->args, "password")) {
        printf("Password: %s\n", password);
    }
}

static bool need_username(const struct hk_cli *cli, const char **out, struct hk_error *err)
{
    *out = hk_arguments_text(cli->args, "username");
    return *out != NULL || hk_error_set(err, HK_INVALID, "name the user with --username");
}

static bool create_user(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = NULL;
    const char *role = hk_arguments_text(cli->args, "role");
    char password[HK_MAX_PASSWORD_BYTES + 2];
    if (!need_username(cli, &name, err)) {
        return false;
    }
    if (role == NULL) {
        return hk_error_set(err, HK_INVALID,
                            "name the role of user '%s' with --role: Public, Viewer, User, Op or Admin", name);
    }
    if (!find_password(cli, password, sizeof password, err)) {
        return false;
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "username", name, "role", role, "password", password);
    if (body == NULL) {
        return hk_error_set(err, HK_INVALID, "the user's name or password is not UTF-8");
    }
    json_t *reply = hk_client_send(cli->client, "POST", "/hanok/users", body, err);
    if (reply == NULL) {
        return false;
    }
    json_decref(reply);
    printf("User \"%s\" created with role \"%s\"\n", name, role);
    tell_random(cli, password);
    return true;
}

static bool delete_user(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = NULL;
    if (!need_username(cli, &name, err)) {
        return false;
    }
    json_t *reply =
        hk_client_send(cli->client, "DELETE", hk_client_path(cli->client, "/hanok/users/{}", name), NULL, err);
    if (reply == NULL) {
        return false;
    }
    json_decref(reply);
    printf("User \"%s\" deleted\n", name);
    return true;
}

static bool reset_password(struct hk_cli *cli, struct hk_error *err)
{
    const char *name = NULL;
    char password[HK_MAX_PASSWORD_BYTES + 2];
    if (!need_username(cli, &name, err) || !find_password(cli, password, sizeof password, err)) {
        return false;
    }
    json_t *body = json_pack("{s:s}", "password", password);
    const char *path = hk_client_path(cli->client, "/hanok/users/{}", name);
    json_t *reply = body != NULL ? hk_client_send(cli->client, "PATCH", path, body, err) : NULL;
    if (reply == NULL) {
        return body != NULL ? false : hk_error_set(err, HK_INVALID, "the password is not UTF-8");
    }
    json_decref(reply);
    printf("User \"%s\" password reset successfully\n", name);
    tell_random(cli, password);
    return true;
}

#define OPTION_USERNAME                                                                                                \
    {                                                                                                                  \
        "username", "u", "NAME", "who", NULL, NULL                                                                     \
    }
#define OPTION_PASSWORD                                                                                                \
    {                                                                                                                  \
        "password", "p", "TEXT", "asked for when it is not given", NULL, NULL                                          \
    }
#define OPTION_RANDOM                                                                                                  \
    {                                                                                                                  \
        "use-random-password", NULL, NULL, "make one and print it", NULL, NULL                                         \
    }

static const struct hk_option list_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option create_options[] = {
    OPTION_USERNAME,
    {"role", "r", "ROLE", "Public, Viewer, User, Op or Admin", NULL, NULL},
    OPTION_PASSWORD,
    OPTION_RANDOM,
    {"email", "e", "ADDRESS", "accepted for Airflow's sake; not kept", NULL, NULL},
    {"firstname", "f", "NAME", "accepted for Airflow's sake; not kept", NULL, NULL},
    {"lastname", "l", "NAME", "accepted for Airflow's sake; not kept", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option delete_options[] = {OPTION_USERNAME, HK_OPTIONS_END};
static const struct hk_option reset_options[] = {OPTION_USERNAME, OPTION_PASSWORD, OPTION_RANDOM, HK_OPTIONS_END};
static const struct hk_verb verbs[] = {
    {"list", "List users", HK_NEEDS_CLIENT, NULL, list_options, list_users},
    {"create", "Create a user", HK_NEEDS_CLIENT, NULL, create_options, create_user},
    {"delete", "Delete a user", HK_NEEDS_CLIENT, NULL, delete_options, delete_user},
    {"reset-password", "Give a user a new password", HK_NEEDS_CLIENT, NULL, reset_options, reset_password},
};
const struct hk_verb_group hk_users_group = {"users", "Manage users", verbs, sizeof verbs / sizeof *verbs};
