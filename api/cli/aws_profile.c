#include "api/cli/aws_profile.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* One file, read line by line as Python's configparser does it. */
struct ini {
    struct hk_str rest;
    struct hk_str section;
    struct hk_str key;
    struct hk_str value;
    size_t indent; /* of the last setting of this section; SIZE_MAX: it has none yet */
};

static size_t indent_of(struct hk_str line)
{
    size_t at = 0;
    while (at < line.len && (line.data[at] == ' ' || line.data[at] == '\t')) {
        at++;
    }
    return at;
}

/* "key = value" or "key: value"; without either, a key alone. */
static void split(struct ini *ini, struct hk_str text)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != '=' && text.data[at] != ':') {
        at++;
    }
    size_t from = at < text.len ? at + 1 : at;
    ini->key = hk_str_trim((struct hk_str){text.data, at});
    ini->value = hk_str_trim((struct hk_str){text.data + from, text.len - from});
}

/* "[name]"; what stands behind the last bracket does not count. */
static bool is_head(struct hk_str text, struct hk_str *section)
{
    size_t end = text.len;
    while (end > 0 && text.data[end - 1] != ']') {
        end--;
    }
    if (text.data[0] != '[' || end == 0) {
        return false;
    }
    *section = hk_str_trim((struct hk_str){text.data + 1, end - 2});
    return true;
}

/* The next setting, or the head of a section, which has no key. A line further in than the setting before it belongs to
 * that one's value. */
static bool next_line(struct ini *ini)
{
    struct hk_str line;
    while (hk_str_next(&ini->rest, '\n', &line)) {
        struct hk_str text = hk_str_trim(line);
        size_t indent = indent_of(line);
        if (text.len == 0 || text.data[0] == '#' || text.data[0] == ';' || indent > ini->indent) {
            continue;
        }
        ini->key = (struct hk_str){0};
        if (is_head(text, &ini->section)) {
            ini->indent = SIZE_MAX;
            return true;
        }
        ini->indent = indent;
        split(ini, text);
        return true;
    }
    return false;
}

static bool is_profile(struct hk_str section, const char *name, bool is_config)
{
    struct hk_str rest = section;
    struct hk_str word;
    if (!is_config || (strcmp(name, "default") == 0 && hk_str_is(section, name))) {
        return hk_str_is(section, name);
    }
    if (!hk_str_next(&rest, ' ', &word) || !hk_str_is(word, "profile")) {
        return false;
    }
    rest = hk_str_trim(rest);
    bool is_quoted = rest.len >= 2 && rest.data[0] == '"' && rest.data[rest.len - 1] == '"';
    return hk_str_is(is_quoted ? (struct hk_str){rest.data + 1, rest.len - 2} : rest, name);
}

static void keep(const struct ini *ini, struct hk_arena *arena, struct hk_aws_profile *out)
{
    const struct {
        const char *key;
        const char **place;
    } wanted[] = {
        {"aws_access_key_id", &out->access_key},
        {"aws_secret_access_key", &out->secret_key},
        {"aws_session_token", &out->session_token},
        {"aws_security_token", &out->session_token}, /* its old name */
        {"region", &out->region},
        {"endpoint_url", &out->endpoint},
    };
    static const char *const others[] = {"role_arn", "sso_session", "sso_start_url", "credential_process"};
    char key[32];
    if (ini->value.len == 0 || !hk_str_copy(key, sizeof key, ini->key)) {
        return;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strcasecmp(key, wanted[i].key) == 0) {
            *wanted[i].place = hk_arena_str(arena, ini->value).data;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        out->other_way = strcasecmp(key, others[i]) == 0 ? others[i] : out->other_way;
    }
}

static bool read_one(struct hk_str text, const char *name, bool is_config, struct hk_arena *arena,
                     struct hk_aws_profile *out)
{
    struct ini ini = {.rest = text, .indent = SIZE_MAX};
    bool is_it = false;
    bool found = false;
    while (next_line(&ini)) {
        if (ini.key.len == 0) {
            is_it = is_profile(ini.section, name, is_config);
            found = found || is_it;
        } else if (is_it) {
            keep(&ini, arena, out);
        }
    }
    return found;
}

bool hk_aws_profile_read(struct hk_str credentials, struct hk_str config, const char *name, struct hk_arena *arena,
                         struct hk_aws_profile *out)
{
    *out = (struct hk_aws_profile){0};
    bool is_in_config = read_one(config, name, true, arena, out);
    return read_one(credentials, name, false, arena, out) || is_in_config; /* the second stands over the first */
}
