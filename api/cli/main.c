#include <stdio.h>
#include <string.h>

#include "api/cli/suggest.h"
#include "api/cli/verbs.h"
#include "engine/base/log.h"
#include "workers/shim.h"

enum { GROUP_COUNT = 9 };
static const struct hk_verb_group *const groups[GROUP_COUNT] = {
    &hk_server_group, &hk_dags_group,  &hk_tasks_group,  &hk_variables_group, &hk_connections_group,
    &hk_pools_group,  &hk_users_group, &hk_models_group, &hk_db_group,
};

static bool run(struct hk_cli *cli, struct hk_error *err)
{
    static struct hk_home home;
    const struct hk_verb *verb = cli->args->verb;
    if (verb->needs != HK_NEEDS_NOTHING) {
        if (!hk_home_open(hk_arguments_text(cli->args, "home"), &home, err)) {
            return false;
        }
        cli->home = &home;
    }
    bool is_about_dag = cli->args->group == &hk_dags_group || cli->args->group == &hk_tasks_group;
    const char *dag_id = is_about_dag ? hk_arguments_position(cli->args, 0) : NULL;
    if (verb->needs == HK_NEEDS_CLIENT && !hk_client_open(&home, dag_id, &cli->client, err)) {
        return false;
    }
    bool ok = verb->run(cli, err);
    if (!ok) {
        hk_cli_suggest(cli, err);
    }
    hk_client_close(cli->client);
    return ok;
}

int main(int argc, char **argv)
{
    static struct hk_arguments args;
    struct hk_error err;
    struct hk_buf text;
    if (argc > 1 && strcmp(argv[1], "shim") == 0) {
        return hk_shim_main(argc - 1, argv + 1);
    }
    hk_buf_init(&text, HK_ARGUMENTS_TEXT_BYTES);
    int words = argc > 0 ? argc - 1 : 0;
    enum hk_parsed parsed = hk_arguments_parse(groups, GROUP_COUNT, words, argv + 1, &args, &text);
    if (parsed == HK_PARSED_HELP) {
        fputs(text.data, stdout);
    } else if (parsed == HK_PARSED_WRONG) {
        fprintf(stderr, "hanok: %s%s", text.data, text.len > 0 && text.data[text.len - 1] == '\n' ? "" : "\n");
    }
    hk_buf_clear(&text);
    if (parsed != HK_PARSED_VERB) {
        return parsed == HK_PARSED_HELP ? 0 : 2;
    }
    bool is_server = strcmp(args.verb->name, "standalone") == 0;
    if (!is_server && !hk_arguments_has(&args, "verbose")) {
        hk_log_configure(HK_ERROR, false);
    }
    struct hk_cli cli = {.args = &args};
    if (!run(&cli, &err)) {
        fprintf(stderr, "hanok: %s\n", err.message);
        return 1;
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "hanok: standard output cannot be written: %m\n");
        return 1;
    }
    return cli.status;
}
