#include "api/airflow/param_schema.h"

#include <math.h>
#include <string.h>

#include "api/airflow/param_format.h"
#include "api/airflow/param_text.h"
#include "engine/base/json.h"

enum { MAX_DEPTH = 64, MAX_MESSAGE_BYTES = 64 * 1024 };

/* Where we are: a chain from the inside out. */
struct step {
    const struct step *outer;
    const char *key; /* NULL: an index */
    size_t index;
};

struct place {
    const struct step *in_value;
    const struct step *in_schema;
    size_t value_depth;
    size_t schema_depth;
};

/* The best mistake so far: jsonschema reports the one nearest to the top, the first among equals. */
struct check {
    struct hk_buf *why; /* NULL: only whether */
    size_t depth;
    bool has_failed;
};

static bool check_value(struct check *c, const json_t *schema, const json_t *value, const struct place *at);

static void write_steps(struct hk_buf *out, const struct step *step)
{
    if (step == NULL) {
        return;
    }
    write_steps(out, step->outer);
    hk_buf_add_char(out, '[');
    if (step->key != NULL) {
        json_t *key = json_string(step->key);
        hk__python_repr(out, key);
        json_decref(key);
    } else {
        hk_buf_printf(out, "%zu", step->index);
    }
    hk_buf_add_char(out, ']');
}

struct mistake {
    const char *keyword;
    const json_t *schema;
    const json_t *value;
    const struct place *at;
};

/* Returns false, always. message: what went wrong, taken over. */
static bool mistake(struct check *c, const struct mistake *m, struct hk_buf *message)
{
    bool is_better = !c->has_failed || m->at->value_depth < c->depth;
    c->has_failed = true;
    if (is_better) {
        c->depth = m->at->value_depth;
    }
    if (is_better && c->why != NULL) {
        struct hk_buf *out = c->why;
        hk_buf_reset(out);
        hk_buf_add_str(out, hk_buf_str(message));
        hk_buf_printf(out, "\n\nFailed validating '%s' in schema", m->keyword);
        write_steps(out, m->at->in_schema);
        hk_buf_add_text(out, ":\n    ");
        hk__python_pformat(out, m->schema);
        hk_buf_add_text(out, "\n\nOn instance");
        write_steps(out, m->at->in_value);
        hk_buf_add_text(out, ":\n    ");
        hk__python_pformat(out, m->value);
    }
    hk_buf_clear(message);
    return false;
}

/* "<value> <words><limit>" */
static bool say(struct check *c, const struct mistake *m, const char *words, const json_t *limit)
{
    struct hk_buf text;
    hk_buf_init(&text, MAX_MESSAGE_BYTES);
    hk__python_repr(&text, m->value);
    hk_buf_add_text(&text, words);
    if (limit != NULL) {
        hk__python_repr(&text, limit);
    }
    return mistake(c, m, &text);
}

/* ---- type, enum, const ---- */

static bool is_type(const json_t *value, const char *type)
{
    if (strcmp(type, "integer") == 0) {
        double real = json_is_real(value) ? json_real_value(value) : 0.5;
        return json_is_integer(value) || floor(real) == real;
    }
    return (strcmp(type, "null") == 0 && json_is_null(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value));
}

static bool check_type(struct check *c, const struct mistake *m, const json_t *types)
{
    struct hk_buf text;
    hk_buf_init(&text, MAX_MESSAGE_BYTES);
    hk__python_repr(&text, m->value);
    hk_buf_add_text(&text, " is not of type ");
    size_t count = json_is_array(types) ? json_array_size(types) : 1;
    bool fits = false;
    for (size_t i = 0; i < count; i++) {
        const json_t *type = json_is_array(types) ? json_array_get(types, i) : types;
        fits = fits || (json_is_string(type) && is_type(m->value, json_string_value(type)));
        hk_buf_add_text(&text, i > 0 ? ", " : "");
        hk__python_repr(&text, type);
    }
    if (fits) {
        hk_buf_clear(&text);
        return true;
    }
    return mistake(c, m, &text);
}

static bool are_equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        return json_is_integer(a) && json_is_integer(b) ? json_integer_value(a) == json_integer_value(b)
                                                        : json_number_value(a) == json_number_value(b);
    }
    return json_equal(a, b) != 0;
}

static bool is_among(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (are_equal(json_array_get(list, i), value)) {
            return true;
        }
    }
    return false;
}

static bool check_const(struct check *c, const struct mistake *m, const json_t *expected)
{
    if (are_equal(expected, m->value)) {
        return true;
    }
    struct hk_buf text;
    hk_buf_init(&text, MAX_MESSAGE_BYTES);
    hk__python_repr(&text, expected);
    hk_buf_add_text(&text, " was expected");
    return mistake(c, m, &text);
}

/* ---- numbers ---- */

static bool is_multiple(const json_t *value, const json_t *of)
{
    if (json_is_integer(value) && json_is_integer(of)) {
        return json_integer_value(of) == 0 || json_integer_value(value) % json_integer_value(of) == 0;
    }
    double quotient = json_number_value(value) / json_number_value(of);
    return floor(quotient) == quotient;
}

static bool check_number(struct check *c, const struct mistake *m, const json_t *limit)
{
    if (!json_is_number(m->value) || !json_is_number(limit)) {
        return true;
    }
    double value = json_number_value(m->value);
    double bound = json_number_value(limit);
    if (strcmp(m->keyword, "minimum") == 0) {
        return value >= bound || say(c, m, " is less than the minimum of ", limit);
    }
    if (strcmp(m->keyword, "maximum") == 0) {
        return value <= bound || say(c, m, " is greater than the maximum of ", limit);
    }
    if (strcmp(m->keyword, "exclusiveMinimum") == 0) {
        return value > bound || say(c, m, " is less than or equal to the minimum of ", limit);
    }
    if (strcmp(m->keyword, "exclusiveMaximum") == 0) {
        return value < bound || say(c, m, " is greater than or equal to the maximum of ", limit);
    }
    return is_multiple(m->value, limit) || say(c, m, " is not a multiple of ", limit);
}

/* ---- sizes ---- */

static size_t count_characters(const json_t *text)
{
    const char *data = json_string_value(text);
    size_t count = 0;
    for (size_t i = 0; i < json_string_length(text); i++) {
        count += ((unsigned char)data[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Keywords end in Length (strings), Items (arrays) or Properties (objects) and begin with min or max. */
static bool check_size(struct check *c, const struct mistake *m, const json_t *limit)
{
    const char *of = m->keyword + 3;
    size_t size;
    if (strcmp(of, "Length") == 0 && json_is_string(m->value)) {
        size = count_characters(m->value);
    } else if (strcmp(of, "Items") == 0 && json_is_array(m->value)) {
        size = json_array_size(m->value);
    } else if (strcmp(of, "Properties") == 0 && json_is_object(m->value)) {
        size = json_object_size(m->value);
    } else {
        return true;
    }
    bool is_object = of[0] == 'P';
    double bound = json_number_value(limit);
    if (m->keyword[1] == 'i') {
        return (double)size >= bound || say(c, m,
                                            bound == 1  ? " should be non-empty"
                                            : is_object ? " does not have enough properties"
                                                        : " is too short",
                                            NULL);
    }
    return (double)size <= bound || say(c, m,
                                        bound == 0  ? " is expected to be empty"
                                        : is_object ? " has too many properties"
                                                    : " is too long",
                                        NULL);
}

static bool check_unique(struct check *c, const struct mistake *m, const json_t *wanted)
{
    size_t count = json_is_true(wanted) ? json_array_size(m->value) : 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (are_equal(json_array_get(m->value, i), json_array_get(m->value, j))) {
                return say(c, m, " has non-unique elements", NULL);
            }
        }
    }
    return true;
}

/* ---- text ---- */

static bool check_pattern(struct check *c, const struct mistake *m, const json_t *pattern)
{
    if (!json_is_string(m->value) || !json_is_string(pattern)) {
        return true;
    }
    enum hk__match match = hk__pattern_match(json_string_value(pattern), json_string_value(m->value));
    if (match == HK__MATCH_YES) {
        return true;
    }
    return say(c, m, match == HK__MATCH_NO ? " does not match " : " cannot be matched by hanok against the pattern ",
               pattern);
}

static bool check_format(struct check *c, const struct mistake *m, const json_t *format)
{
    if (!json_is_string(m->value) || !json_is_string(format) ||
        hk__format_fits(json_string_value(format), hk_str_from(json_string_value(m->value)))) {
        return true;
    }
    return say(c, m, " is not a ", format);
}

/* ---- what is inside ---- */

static bool descend(struct check *c, const json_t *schema, const json_t *value, const struct place *at,
                    const struct step *in_value, const struct step *in_schema, size_t schema_steps)
{
    struct place inner = {in_value != NULL ? in_value : at->in_value, in_schema != NULL ? in_schema : at->in_schema,
                          at->value_depth + (in_value != NULL), at->schema_depth + schema_steps};
    return check_value(c, schema, value, &inner);
}

static bool check_items(struct check *c, const struct mistake *m, const json_t *schema)
{
    struct step in_schema = {m->at->in_schema, "items", 0};
    bool ok = true;
    for (size_t i = json_array_size(m->value); i-- > 0;) { /* jsonschema prefers the last of equals here */
        struct step in_value = {m->at->in_value, NULL, i};
        ok = descend(c, schema, json_array_get(m->value, i), m->at, &in_value, &in_schema, 1) && ok;
    }
    return ok;
}

static bool check_properties(struct check *c, const struct mistake *m, const json_t *properties)
{
    bool ok = true;
    const char *key;
    json_t *schema;
    struct step outer = {m->at->in_schema, "properties", 0};
    json_object_foreach ((json_t *)properties, key, schema) {
        const json_t *value = json_object_get(m->value, key);
        if (value != NULL) {
            struct step in_value = {m->at->in_value, key, 0};
            struct step in_schema = {&outer, key, 0};
            ok = descend(c, schema, value, m->at, &in_value, &in_schema, 2) && ok;
        }
    }
    return ok;
}

static bool check_required(struct check *c, const struct mistake *m, const json_t *names)
{
    for (size_t i = 0; json_is_object(m->value) && i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        if (json_is_string(name) && json_object_get(m->value, json_string_value(name)) == NULL) {
            struct hk_buf text;
            hk_buf_init(&text, MAX_MESSAGE_BYTES);
            hk__python_repr(&text, name);
            hk_buf_add_text(&text, " is a required property");
            return mistake(c, m, &text);
        }
    }
    return true;
}

static bool check_additional(struct check *c, const struct mistake *m, const json_t *additional)
{
    const json_t *known = json_object_get(m->schema, "properties");
    const char *key;
    json_t *value;
    struct hk_buf extra;
    hk_buf_init(&extra, MAX_MESSAGE_BYTES);
    size_t count = 0;
    bool ok = true;
    json_object_foreach ((json_t *)m->value, key, value) {
        if (json_object_get(known, key) != NULL) {
            continue;
        }
        if (json_is_object(additional)) {
            struct step in_value = {m->at->in_value, key, 0};
            struct step in_schema = {m->at->in_schema, "additionalProperties", 0};
            ok = descend(c, additional, value, m->at, &in_value, &in_schema, 1) && ok;
        } else if (json_is_false(additional)) {
            json_t *name = json_string(key);
            hk_buf_add_text(&extra, count++ > 0 ? ", " : "");
            hk__python_repr(&extra, name);
            json_decref(name);
        }
    }
    if (count > 0) {
        struct hk_buf text;
        hk_buf_init(&text, MAX_MESSAGE_BYTES);
        hk_buf_printf(&text, "Additional properties are not allowed (%s %s unexpected)", extra.data,
                      count == 1 ? "was" : "were");
        ok = mistake(c, m, &text);
    }
    hk_buf_clear(&extra);
    return ok;
}

static size_t count_fitting(const json_t *schemas, const struct mistake *m)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        struct check silent = {.why = NULL};
        count += descend(&silent, json_array_get(schemas, i), m->value, m->at, NULL, NULL, 1);
    }
    return count;
}

static bool check_combined(struct check *c, const struct mistake *m, const json_t *rule)
{
    if (strcmp(m->keyword, "not") == 0) {
        struct check silent = {.why = NULL};
        return !descend(&silent, rule, m->value, m->at, NULL, NULL, 1) ||
               say(c, m, " should not be valid under ", rule);
    }
    if (strcmp(m->keyword, "allOf") == 0) {
        bool ok = true;
        struct step outer = {m->at->in_schema, "allOf", 0};
        for (size_t i = 0; i < json_array_size(rule); i++) {
            struct step in_schema = {&outer, NULL, i};
            ok = descend(c, json_array_get(rule, i), m->value, m->at, NULL, &in_schema, 2) && ok;
        }
        return ok;
    }
    size_t count = count_fitting(rule, m);
    if (count == 0) {
        return say(c, m, " is not valid under any of the given schemas", NULL);
    }
    return count == 1 || strcmp(m->keyword, "anyOf") == 0 || say(c, m, " is valid under more than one of ", rule);
}

static bool check_enum(struct check *c, const struct mistake *m, const json_t *values)
{
    return is_among(values, m->value) || say(c, m, " is not one of ", values);
}

static const struct {
    const char *keyword;
    bool (*check)(struct check *c, const struct mistake *m, const json_t *rule);
} KEYWORDS[] = {
    {"type", check_type},
    {"enum", check_enum},
    {"const", check_const},
    {"minimum", check_number},
    {"maximum", check_number},
    {"exclusiveMinimum", check_number},
    {"exclusiveMaximum", check_number},
    {"multipleOf", check_number},
    {"minLength", check_size},
    {"maxLength", check_size},
    {"minItems", check_size},
    {"maxItems", check_size},
    {"minProperties", check_size},
    {"maxProperties", check_size},
    {"uniqueItems", check_unique},
    {"pattern", check_pattern},
    {"format", check_format},
    {"items", check_items},
    {"properties", check_properties},
    {"required", check_required},
    {"additionalProperties", check_additional},
    {"anyOf", check_combined},
    {"oneOf", check_combined},
    {"allOf", check_combined},
    {"not", check_combined},
};

static bool check_value(struct check *c, const json_t *schema, const json_t *value, const struct place *at)
{
    if (json_is_false(schema) || at->schema_depth > MAX_DEPTH) {
        struct mistake m = {"false", schema, value, at};
        struct hk_buf text;
        hk_buf_init(&text, MAX_MESSAGE_BYTES);
        hk_buf_add_text(&text, "False schema does not allow ");
        hk__python_repr(&text, value);
        return mistake(c, &m, &text);
    }
    bool ok = true;
    const char *keyword;
    json_t *rule;
    json_object_foreach ((json_t *)schema, keyword, rule) {
        for (size_t i = 0; i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++) {
            if (strcmp(keyword, KEYWORDS[i].keyword) == 0) {
                struct mistake m = {KEYWORDS[i].keyword, schema, value, at};
                ok = KEYWORDS[i].check(c, &m, rule) && ok;
                break;
            }
        }
    }
    return ok;
}

bool hk__schema_check(const json_t *schema, const json_t *value, struct hk_buf *why)
{
    struct check c = {.why = why};
    struct place top = {0};
    return check_value(&c, schema, value, &top);
}

/* Airflow writes a parameter without a default as one without "value", or with the NOTSET mark in the SDK's form. */
static bool has_value(const json_t *value)
{
    return value != NULL && strcmp(hk_json_get_text(value, "__type", ""), "NOTSET") != 0;
}

bool hk__params_check(const json_t *params, const json_t *conf, struct hk_buf *why)
{
    const char *name;
    json_t *param;
    struct hk_buf text;
    hk_buf_init(&text, why->max);
    bool ok = true;
    json_object_foreach ((json_t *)params, name, param) {
        const json_t *passed = json_object_get(conf, name);
        const json_t *value = passed != NULL ? passed : json_object_get(param, "value");
        const json_t *schema = json_object_get(param, "schema");
        hk_buf_reset(&text);
        if (!has_value(value)) {
            hk_buf_add_text(&text, "No value passed");
            ok = false;
        } else if (schema != NULL) {
            ok = hk__schema_check(schema, value, &text);
        }
        if (!ok) {
            hk_buf_printf(why, "Invalid input for param %s: ", name);
            hk_buf_add_str(why, hk_buf_str(&text));
            break;
        }
    }
    hk_buf_clear(&text);
    return ok;
}
