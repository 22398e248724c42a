#include "api/cli/arguments.h"

#include <string.h>

#include "api/cli/usage.h"

static const struct hk_option common_options[] = {
    {"home", NULL, "DIR", "where hanok keeps its state (default: $HANOK_HOME, else ~/.hanok)", NULL, NULL},
    {"verbose", "v", NULL, "say more on standard error", NULL, NULL},
    {"help", "h", NULL, "show this", NULL, NULL},
    HK_OPTIONS_END,
};

const struct hk_option *hk__common_options(void)
{
    return common_options;
}

struct parse {
    const struct hk_verb_group *const *groups;
    size_t group_count;
    struct hk_arguments *args;
    struct hk_buf *text;
    bool only_positions; /* after "--" */
    bool wants_help;
    int argc;
    char *const *argv;
    int at;
};

static bool wrong(struct parse *p)
{
    struct hk_arguments *args = p->args;
    hk_buf_add_text(p->text, "; see 'hanok");
    if (args->group != NULL && args->group->name[0] != '\0') {
        hk_buf_printf(p->text, " %s", args->group->name);
    }
    if (args->verb != NULL) {
        hk_buf_printf(p->text, " %s", args->verb->name);
    }
    hk_buf_add_text(p->text, " --help'");
    return false;
}

static void suggest(struct parse *p, const char *dashes, const char *nearest)
{
    if (nearest != NULL) {
        hk_buf_printf(p->text, "; did you mean '%s%s'?", dashes, nearest);
    }
}

/* ---- options ---- */

static bool is_option_named(const struct hk_option *o, struct hk_str name)
{
    return hk_str_is(name, o->name) || (o->alias != NULL && hk_str_is(name, o->alias));
}

static const struct hk_option *find_exact(const struct hk_option *table, struct hk_str name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (is_option_named(table, name)) {
            return table;
        }
    }
    return NULL;
}

static size_t find_by_start(const struct hk_option *table, struct hk_str start, const struct hk_option **out)
{
    size_t count = 0;
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) > start.len && memcmp(table->name, start.data, start.len) == 0) {
            *out = table;
            count++;
        }
    }
    return count;
}

static const struct hk_option *find_letter(const struct hk_option *table, char letter)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->letters != NULL && strchr(table->letters, letter) != NULL) {
            return table;
        }
    }
    return NULL;
}

static const struct hk_option *own_options(const struct parse *p)
{
    return p->args->verb != NULL ? p->args->verb->options : NULL;
}

static bool unknown_option(struct parse *p, struct hk_str name)
{
    const char *names[128];
    size_t count = 0;
    const struct hk_option *tables[2] = {own_options(p), common_options};
    char word[64];
    for (size_t t = 0; t < 2; t++) {
        for (const struct hk_option *o = tables[t]; o != NULL && o->name != NULL && count < 128; o++) {
            names[count++] = o->name;
        }
    }
    bool fits = hk_str_copy(word, sizeof word, name);
    hk_buf_printf(p->text, "there is no option '--%.*s'", HK_STR_ARG(name));
    suggest(p, "--", fits ? hk_nearest(word, names, count) : NULL);
    return wrong(p);
}

static bool is_choice(const char *choices, const char *value)
{
    struct hk_str rest = hk_str_from(choices);
    struct hk_str choice;
    while (hk_str_next(&rest, '|', &choice)) {
        if (hk_str_is(choice, value)) {
            return true;
        }
    }
    return false;
}

static bool give(struct parse *p, const struct hk_option *option, const char *value)
{
    struct hk_arguments *args = p->args;
    if (option->choices != NULL && !is_choice(option->choices, value)) {
        hk_buf_printf(p->text, "option '--%s' is one of %s, not '%s'", option->name, option->choices, value);
        return wrong(p);
    }
    if (args->given_count == HK_MAX_OPTIONS_GIVEN) {
        hk_buf_printf(p->text, "more than %d options were given", HK_MAX_OPTIONS_GIVEN);
        return wrong(p);
    }
    p->wants_help = p->wants_help || strcmp(option->name, "help") == 0;
    args->given[args->given_count++] = (struct hk_given){option, value};
    return true;
}

/* attached: what stands in the same word, behind '=' or the letter; NULL: nothing. */
static bool give_word(struct parse *p, const struct hk_option *option, const char *attached)
{
    if (option->value == NULL) {
        if (attached != NULL) {
            hk_buf_printf(p->text, "option '--%s' takes no value, but '%s' was given", option->name, attached);
            return wrong(p);
        }
        return give(p, option, "");
    }
    if (attached == NULL) {
        if (p->at >= p->argc) {
            hk_buf_printf(p->text, "option '--%s' needs a value (%s)", option->name, option->value);
            return wrong(p);
        }
        attached = p->argv[p->at++];
    }
    return give(p, option, attached);
}

static bool parse_long(struct parse *p, const char *word)
{
    const char *equals = strchr(word, '=');
    struct hk_str name = {word, equals != NULL ? (size_t)(equals - word) : strlen(word)};
    const struct hk_option *option = find_exact(own_options(p), name);
    if (option == NULL) {
        option = find_exact(common_options, name);
    }
    if (option == NULL && name.len > 0) {
        size_t matches = find_by_start(own_options(p), name, &option) + find_by_start(common_options, name, &option);
        if (matches > 1) {
            hk_buf_printf(p->text, "option '--%.*s' could be %zu different ones; write the whole name",
                          HK_STR_ARG(name), matches);
            return wrong(p);
        }
    }
    if (option == NULL) {
        return unknown_option(p, name);
    }
    return give_word(p, option, equals != NULL ? equals + 1 : NULL);
}

/* -v, -o json, -ojson, -yv */
static bool parse_letters(struct parse *p, const char *letters)
{
    while (*letters != '\0') {
        const struct hk_option *option = find_letter(own_options(p), *letters);
        if (option == NULL) {
            option = find_letter(common_options, *letters);
        }
        if (option == NULL) {
            hk_buf_printf(p->text, "there is no option '-%c'", *letters);
            return wrong(p);
        }
        letters++;
        if (option->value != NULL) {
            return give_word(p, option, *letters != '\0' ? letters : NULL);
        }
        if (!give(p, option, "")) {
            return false;
        }
    }
    return true;
}

/* ---- words ---- */

static const struct hk_verb *find_verb(const struct hk_verb_group *group, const char *name)
{
    for (size_t i = 0; i < group->verb_count; i++) {
        if (strcmp(group->verbs[i].name, name) == 0) {
            return &group->verbs[i];
        }
    }
    return NULL;
}

static bool unknown_word(struct parse *p, const char *word)
{
    const char *names[128];
    size_t count = 0;
    const struct hk_verb_group *in = p->args->group;
    for (size_t g = 0; g < p->group_count; g++) {
        const struct hk_verb_group *group = p->groups[g];
        bool is_top = in == NULL && group->name[0] == '\0';
        if (in == NULL && !is_top && count < 128) {
            names[count++] = group->name;
        }
        for (size_t v = 0; (is_top || in == group) && v < group->verb_count && count < 128; v++) {
            names[count++] = group->verbs[v].name;
        }
    }
    const char *answer = hk__absent(in != NULL ? in->name : "", word);
    if (answer != NULL) {
        hk_buf_printf(p->text, "'%s%s%s' %s", in != NULL ? in->name : "", in != NULL ? " " : "", word, answer);
        return false;
    }
    if (in != NULL) {
        hk_buf_printf(p->text, "'hanok %s' has no verb '%s'", in->name, word);
    } else {
        hk_buf_printf(p->text, "hanok has no verb '%s'", word);
    }
    suggest(p, "", hk_nearest(word, names, count));
    return wrong(p);
}

static bool parse_group(struct parse *p, const char *word)
{
    for (size_t g = 0; g < p->group_count; g++) {
        const struct hk_verb_group *group = p->groups[g];
        if (group->name[0] != '\0' && strcmp(group->name, word) == 0) {
            p->args->group = group;
            return true;
        }
        const struct hk_verb *verb = group->name[0] == '\0' ? find_verb(group, word) : NULL;
        if (verb != NULL) {
            p->args->group = group;
            p->args->verb = verb;
            return true;
        }
    }
    return unknown_word(p, word);
}

static bool parse_word(struct parse *p, const char *word)
{
    struct hk_arguments *args = p->args;
    if (args->group == NULL) {
        return parse_group(p, word);
    }
    if (args->verb == NULL) {
        args->verb = find_verb(args->group, word);
        return args->verb != NULL || unknown_word(p, word);
    }
    if (args->position_count == HK_MAX_POSITIONS) {
        hk_buf_printf(p->text, "more than %d arguments were given", HK_MAX_POSITIONS);
        return wrong(p);
    }
    args->positions[args->position_count++] = word;
    return true;
}

static bool check_positions(struct parse *p)
{
    struct hk_str rest = hk_str_from(p->args->verb->positions);
    struct hk_str name;
    size_t most = 0;
    while (hk_str_next(&rest, ' ', &name)) {
        bool is_optional = name.data[0] == '[';
        if (most >= p->args->position_count && !is_optional) {
            hk_buf_printf(p->text, "the argument %.*s is missing", HK_STR_ARG(name));
            return wrong(p);
        }
        if (hk_str_ends_with(name, "...") || hk_str_ends_with(name, "...]")) {
            return true;
        }
        most++;
    }
    if (p->args->position_count > most) {
        hk_buf_printf(p->text, "the argument '%s' is one too many", p->args->positions[most]);
        return wrong(p);
    }
    return true;
}

static bool parse_all(struct parse *p)
{
    while (p->at < p->argc) {
        const char *word = p->argv[p->at++];
        bool ok = true;
        if (p->only_positions || word[0] != '-' || word[1] == '\0') {
            ok = parse_word(p, word);
        } else if (strcmp(word, "--") == 0) {
            p->only_positions = true;
        } else if (word[1] == '-') {
            ok = parse_long(p, word + 2);
        } else if (word[1] >= '0' && word[1] <= '9') {
            ok = parse_word(p, word); /* a negative number */
        } else {
            ok = parse_letters(p, word + 1);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

enum hk_parsed hk_arguments_parse(const struct hk_verb_group *const *groups, size_t group_count, int argc,
                                  char *const *argv, struct hk_arguments *out, struct hk_buf *text)
{
    *out = (struct hk_arguments){.group = NULL};
    struct parse p = {
        .groups = groups, .group_count = group_count, .args = out, .text = text, .argc = argc, .argv = argv};
    if (!parse_all(&p)) {
        return HK_PARSED_WRONG;
    }
    if (p.wants_help || out->group == NULL || out->verb == NULL) {
        hk__usage(groups, group_count, out, text);
        return p.wants_help || argc == 0 ? HK_PARSED_HELP : HK_PARSED_WRONG;
    }
    return check_positions(&p) ? HK_PARSED_VERB : HK_PARSED_WRONG;
}

/* ---- what was given ---- */

const char *hk_arguments_text(const struct hk_arguments *args, const char *name)
{
    for (size_t i = args->given_count; i > 0; i--) {
        if (strcmp(args->given[i - 1].option->name, name) == 0) {
            return args->given[i - 1].value;
        }
    }
    return NULL;
}

bool hk_arguments_has(const struct hk_arguments *args, const char *name)
{
    return hk_arguments_text(args, name) != NULL;
}

const char *hk_arguments_at(const struct hk_arguments *args, const char *name, size_t index)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (strcmp(args->given[i].option->name, name) == 0 && index-- == 0) {
            return args->given[i].value;
        }
    }
    return NULL;
}

const char *hk_arguments_position(const struct hk_arguments *args, size_t index)
{
    return index < args->position_count ? args->positions[index] : NULL;
}

bool hk_arguments_int(const struct hk_arguments *args, const char *name, int64_t least, int64_t *inout,
                      struct hk_error *err)
{
    const char *text = hk_arguments_text(args, name);
    if (text != NULL && (!hk_str_to_i64(hk_str_from(text), inout) || *inout < least)) {
        return hk_error_set(err, HK_INVALID, "option '--%s' is a whole number of at least %lld, not '%s'", name,
                            (long long)least, text);
    }
    return true;
}
