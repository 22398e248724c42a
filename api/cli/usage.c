#include "api/cli/usage.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN = 30 };

static void add_row(struct hk_buf *out, const char *left, const char *right)
{
    if (strlen(left) < COLUMN) {
        hk_buf_printf(out, "  %-*s%s\n", COLUMN, left, right);
    } else {
        hk_buf_printf(out, "  %s\n  %-*s%s\n", left, COLUMN, "", right);
    }
}

static void add_option(struct hk_buf *out, const struct hk_option *o)
{
    struct hk_buf left;
    hk_buf_init(&left, 256);
    for (const char *letter = o->letters; letter != NULL && *letter != '\0'; letter++) {
        hk_buf_printf(&left, "-%c, ", *letter);
    }
    hk_buf_printf(&left, "--%s", o->name);
    if (o->alias != NULL) {
        hk_buf_printf(&left, ", --%s", o->alias);
    }
    if (o->value != NULL) {
        hk_buf_printf(&left, " %s", o->value);
    }
    add_row(out, left.data, o->help);
    hk_buf_clear(&left);
}

static void add_options(struct hk_buf *out, const struct hk_option *own)
{
    hk_buf_add_text(out, "\noptions:\n");
    for (const struct hk_option *o = own; o != NULL && o->name != NULL; o++) {
        add_option(out, o);
    }
    for (const struct hk_option *o = hk__common_options(); o->name != NULL; o++) {
        add_option(out, o);
    }
}

static void verb_usage(const struct hk_arguments *args, struct hk_buf *out)
{
    const struct hk_verb *verb = args->verb;
    bool is_alone = args->group->name[0] == '\0';
    hk_buf_printf(out, "usage: hanok %s%s%s%s%s [options]\n\n%s\n", args->group->name, is_alone ? "" : " ", verb->name,
                  verb->positions != NULL ? " " : "", verb->positions != NULL ? verb->positions : "", verb->help);
    add_options(out, verb->options);
}

static void group_usage(const struct hk_verb_group *group, struct hk_buf *out)
{
    hk_buf_printf(out, "usage: hanok %s VERB ...\n\n%s\n\nverbs:\n", group->name, group->help);
    for (size_t v = 0; v < group->verb_count; v++) {
        add_row(out, group->verbs[v].name, group->verbs[v].help);
    }
    hk_buf_printf(out, "\n'hanok %s VERB --help' tells more about one.\n", group->name);
}

void hk__usage(const struct hk_verb_group *const *groups, size_t group_count, const struct hk_arguments *args,
               struct hk_buf *out)
{
    if (args->verb != NULL) {
        verb_usage(args, out);
        return;
    }
    if (args->group != NULL) {
        group_usage(args->group, out);
        return;
    }
    hk_buf_add_text(out, "usage: hanok VERB ...\n\nA whole MLOps platform in one binary. Begin with 'hanok standalone'."
                         "\n\nverbs:\n");
    for (size_t g = 0; g < group_count; g++) {
        for (size_t v = 0; groups[g]->name[0] == '\0' && v < groups[g]->verb_count; v++) {
            add_row(out, groups[g]->verbs[v].name, groups[g]->verbs[v].help);
        }
    }
    hk_buf_add_text(out, "\ngroups of verbs:\n");
    for (size_t g = 0; g < group_count; g++) {
        if (groups[g]->name[0] != '\0') {
            add_row(out, groups[g]->name, groups[g]->help);
        }
    }
    add_options(out, NULL);
}
