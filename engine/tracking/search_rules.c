#include "engine/tracking/search_rules.h"

#include <string.h>
#include <strings.h>

static const struct hk__search_attribute run_attributes[] = {
    {"artifact_uri", "artifact_uri", false, false, true, true},
    {"created", "start_time", true, false, true, true},
    {"Created", "start_time", true, false, true, true},
    {"end_time", "end_time", true, false, true, true},
    {"run_id", "run_id", false, true, true, true},
    {"run_name", "run_name", false, false, true, true},
    {"run name", "run_name", false, false, true, false},
    {"Run name", "run_name", false, false, true, false},
    {"Run Name", "run_name", false, false, true, false},
    {"start_time", "start_time", true, false, true, true},
    {"status", "status", false, false, true, true},
    {"user_id", "user_id", false, false, true, true},
    {0},
};

static const struct hk__search_attribute experiment_attributes[] = {
    {"creation_time", "creation_time", true, false, true, true},
    {"experiment_id", "experiment_id", false, true, true, true},
    {"last_update_time", "last_update_time", true, false, true, true},
    {"name", "name", false, false, true, true},
    {0},
};

static const struct hk__search_attribute model_attributes[] = {
    {"name", "name", false, true, true, true},
    {"timestamp", "last_updated_timestamp", true, false, false, true},
    {"last_updated_timestamp", "last_updated_timestamp", true, false, false, true},
    {0},
};

static const struct hk__search_attribute version_attributes[] = {
    {"name", "name", false, true, true, true},
    {"run_id", "run_id", false, true, true, false},
    {"source_path", "source_path", false, false, true, false},
    {"version_number", "version_number", true, false, true, true},
    {"creation_timestamp", "creation_timestamp", true, false, false, true},
    {"last_updated_timestamp", "last_updated_timestamp", true, false, false, true},
    {0},
};

static const struct hk__search_attribute logged_model_attributes[] = {
    {"creation_time", "creation_timestamp", true, false, true, true},
    {"creation_timestamp", "creation_timestamp", true, false, true, true},
    {"last_updated_time", "last_updated_timestamp", true, false, true, true},
    {"last_updated_timestamp", "last_updated_timestamp", true, false, true, true},
    {"model_id", "model_id", false, true, true, true},
    {"model_type", "model_type", false, true, true, true},
    {"name", "name", false, true, true, true},
    {"source_run_id", "source_run_id", false, true, true, true},
    {"status", "status", false, true, true, true},
    {0},
};

static const struct hk__search_attribute trace_attributes[] = {
    {"client_request_id", "client_request_id", false, true, true, false},
    {"end_time", "end_time_ms", true, false, true, true},
    {"end_time_ms", "end_time_ms", true, false, true, true},
    {"execution_time", "execution_time_ms", true, false, true, true},
    {"execution_time_ms", "execution_time_ms", true, false, true, true},
    {"experiment_id", "experiment_id", true, false, false, true},
    {"name", "name", false, true, true, true},
    {"request_id", "request_id", false, true, true, true},
    {"run_id", "run_id", false, true, true, true},
    {"status", "status", false, true, true, true},
    {"text", "text", false, false, true, false}, /* stands for span.content: search.c */
    {"timestamp", "timestamp_ms", true, false, true, true},
    {"timestamp_ms", "timestamp_ms", true, false, true, true},
    {0},
};

static const struct hk__search_attribute *const attributes[HK_SEARCH_KIND_COUNT] = {
    [HK_SEARCH_RUNS] = run_attributes,
    [HK_SEARCH_EXPERIMENTS] = experiment_attributes,
    [HK_SEARCH_MODELS] = model_attributes,
    [HK_SEARCH_VERSIONS] = version_attributes,
    [HK_SEARCH_LOGGED_MODELS] = logged_model_attributes,
    [HK_SEARCH_TRACES] = trace_attributes,
};

static const char *const dataset_keys[] = {"context", "digest", "name"};
static const char *const span_keys[] = {"content", "name", "status", "type"};

static const struct {
    const char *name;
    enum hk_search_entity entity;
    unsigned kinds; /* a bit each */
} entities[] = {
#define RUNS (1U << HK_SEARCH_RUNS)
#define LOGGED (1U << HK_SEARCH_LOGGED_MODELS)
#define TRACES (1U << HK_SEARCH_TRACES)
#define OTHERS (1U << HK_SEARCH_EXPERIMENTS | 1U << HK_SEARCH_MODELS | 1U << HK_SEARCH_VERSIONS)
    {"metric", HK_SEARCH_METRIC, RUNS},
    {"metrics", HK_SEARCH_METRIC, RUNS | LOGGED},
    {"parameter", HK_SEARCH_PARAM, RUNS},
    {"parameters", HK_SEARCH_PARAM, RUNS},
    {"param", HK_SEARCH_PARAM, RUNS},
    {"params", HK_SEARCH_PARAM, RUNS | LOGGED},
    {"tag", HK_SEARCH_TAG, RUNS | OTHERS | TRACES},
    {"tags", HK_SEARCH_TAG, RUNS | OTHERS | LOGGED | TRACES},
    {"attribute", HK_SEARCH_ATTRIBUTE, RUNS | OTHERS | TRACES},
    {"attributes", HK_SEARCH_ATTRIBUTE, RUNS | LOGGED | TRACES},
    {"attr", HK_SEARCH_ATTRIBUTE, RUNS},
    {"run", HK_SEARCH_ATTRIBUTE, RUNS},
    {"dataset", HK_SEARCH_DATASET, RUNS},
    {"datasets", HK_SEARCH_DATASET, RUNS},
    {"trace", HK_SEARCH_ATTRIBUTE, TRACES},
    {"metadata", HK_SEARCH_METADATA, TRACES},
    {"request_metadata", HK_SEARCH_METADATA, TRACES},
    {"span", HK_SEARCH_SPAN, TRACES},
    {"feedback", HK_SEARCH_FEEDBACK, TRACES},
    {"expectation", HK_SEARCH_EXPECTATION, TRACES},
};

static const char *const op_names[HK_SEARCH_OP_COUNT] = {
    [HK_SEARCH_EQ] = "=",
    [HK_SEARCH_NE] = "!=",
    [HK_SEARCH_LT] = "<",
    [HK_SEARCH_LE] = "<=",
    [HK_SEARCH_GT] = ">",
    [HK_SEARCH_GE] = ">=",
    [HK_SEARCH_LIKE] = "LIKE",
    [HK_SEARCH_ILIKE] = "ILIKE",
    [HK_SEARCH_IN] = "IN",
    [HK_SEARCH_NOT_IN] = "NOT IN",
    [HK_SEARCH_IS_NULL] = "IS NULL",
    [HK_SEARCH_IS_NOT_NULL] = "IS NOT NULL",
};

#define BIT(op) (1U << (op))
#define OPS_EQUAL (BIT(HK_SEARCH_EQ) | BIT(HK_SEARCH_NE))
#define OPS_TEXT (OPS_EQUAL | BIT(HK_SEARCH_LIKE) | BIT(HK_SEARCH_ILIKE))
#define OPS_LISTED (OPS_TEXT | BIT(HK_SEARCH_IN) | BIT(HK_SEARCH_NOT_IN))
#define OPS_NULL (OPS_TEXT | BIT(HK_SEARCH_IS_NULL) | BIT(HK_SEARCH_IS_NOT_NULL))
#define OPS_ORDER (BIT(HK_SEARCH_LT) | BIT(HK_SEARCH_LE) | BIT(HK_SEARCH_GT) | BIT(HK_SEARCH_GE))
#define OPS_NUMBER (OPS_EQUAL | OPS_ORDER)

struct hk_str hk__search_shown(struct hk_str text)
{
    if (text.len > HK__SEARCH_SHOWN_BYTES) {
        text.len = HK__SEARCH_SHOWN_BYTES;
        while (text.len > 0 && ((unsigned char)text.data[text.len] & 0xC0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

const char *hk__search_entity_name(enum hk_search_entity entity)
{
    static const char *const names[HK_SEARCH_ENTITY_COUNT] = {
        "attribute", "metric", "parameter", "tag", "dataset", "metadata", "span", "feedback", "expectation"};
    return names[entity];
}

enum hk_search_op hk__search_op_find(struct hk_str text)
{
    for (int op = 0; op < HK_SEARCH_OP_COUNT; op++) {
        if (strlen(op_names[op]) == text.len && strncasecmp(op_names[op], text.data, text.len) == 0) {
            return (enum hk_search_op)op;
        }
    }
    return HK_SEARCH_OP_COUNT;
}

const struct hk__search_attribute *hk__search_attribute_find(enum hk_search_kind kind, struct hk_str name)
{
    for (const struct hk__search_attribute *a = attributes[kind]; a->name != NULL; a++) {
        if (hk_str_is(name, a->name)) {
            return a;
        }
    }
    return NULL;
}

struct hk_str hk_search_attribute(enum hk_search_kind kind, struct hk_str name)
{
    const struct hk__search_attribute *found = hk__search_attribute_find(kind, name);
    return found != NULL && found->is_filter ? hk_str_from(found->first) : (struct hk_str){0};
}

bool hk__search_entity_find(enum hk_search_kind kind, struct hk_str prefix, enum hk_search_entity *out,
                            struct hk_error *err)
{
    struct hk_str bare = prefix;
    if (kind == HK_SEARCH_RUNS && bare.len >= 2 && bare.data[0] == '`' && bare.data[bare.len - 1] == '`') {
        bare = (struct hk_str){bare.data + 1, bare.len - 2};
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if ((entities[i].kinds & BIT(kind)) != 0 && hk_str_is(bare, entities[i].name)) {
            *out = entities[i].entity;
            return true;
        }
    }
    bare = hk__search_shown(bare);
    if (kind == HK_SEARCH_RUNS) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid entity type '%.*s'. Valid values are "
                            "['metric', 'parameter', 'tag', 'attribute', 'dataset']",
                            HK_STR_ARG(bare));
    }
    if (kind == HK_SEARCH_LOGGED_MODELS) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid entity type: '%.*s'. Expected one of ['attributes', 'metrics', 'params', 'tags'].",
                            HK_STR_ARG(bare));
    }
    if (kind == HK_SEARCH_TRACES) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid entity type '%.*s'. Valid values are ['attribute', 'tag', 'metadata', 'span', "
                            "'feedback', 'expectation']",
                            HK_STR_ARG(bare));
    }
    return hk_error_set(err, HK_INVALID,
                        "Invalid entity type '%.*s'. Valid entity types are ('attribute', 'tag', 'tags')",
                        HK_STR_ARG(bare));
}

static void list_names(enum hk_search_kind kind, bool is_order, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct hk__search_attribute *a = attributes[kind]; a->name != NULL; a++) {
        size_t len = strlen(a->name);
        if ((is_order ? a->is_order : a->is_filter) && used + len + 5 < size) {
            const char *gap = used > 0 ? ", '" : "'";
            size_t gap_len = strlen(gap);
            memcpy(out + used, gap, gap_len);
            memcpy(out + used + gap_len, a->name, len);
            used += gap_len + len;
            out[used++] = '\'';
            out[used] = '\0';
        }
    }
}

static bool no_attribute(enum hk_search_kind kind, bool is_order, struct hk_str key, struct hk_error *err)
{
    char names[256];
    key = hk__search_shown(key);
    if (is_order && kind == HK_SEARCH_MODELS) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid order by key '%.*s' specified. Valid keys are '{'name', 'timestamp'}'",
                            HK_STR_ARG(key));
    }
    list_names(kind, is_order, names, sizeof names);
    return hk_error_set(err, HK_INVALID, "Invalid attribute key '%.*s' specified. Valid keys are '{%s}'",
                        HK_STR_ARG(key), names);
}

static bool is_one_of(struct hk_str key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hk_str_is(key, names[i])) {
            return true;
        }
    }
    return false;
}

/* An attribute's name may have been quoted by itself: span.attributes.`my key`. */
static bool span_key_check(struct hk_str *key, struct hk_error *err)
{
    const struct hk_str head = HK_STR(HK_SEARCH_SPAN_ATTRIBUTE);
    if (is_one_of(*key, span_keys, sizeof span_keys / sizeof span_keys[0])) {
        return true;
    }
    if (hk_str_starts_with(*key, HK_SEARCH_SPAN_ATTRIBUTE)) {
        return key->len > head.len ||
               hk_error_set(err, HK_INVALID, "Span attribute name cannot be empty after 'attributes.'");
    }
    struct hk_str shown = hk__search_shown(*key);
    return hk_error_set(err, HK_INVALID,
                        "Invalid span attribute '%.*s'. Supported attributes: name, status, type, "
                        "attributes.<attribute_name>.",
                        HK_STR_ARG(shown));
}

bool hk__search_key_check(enum hk_search_kind kind, enum hk_search_entity entity, bool is_order, struct hk_str *key,
                          struct hk_error *err)
{
    if (entity == HK_SEARCH_ATTRIBUTE) {
        const struct hk__search_attribute *found = hk__search_attribute_find(kind, *key);
        if (found == NULL || !(is_order ? found->is_order : found->is_filter)) {
            return no_attribute(kind, is_order, *key, err);
        }
        *key = hk_str_from(found->first);
        return true;
    }
    if (entity == HK_SEARCH_SPAN) {
        return span_key_check(key, err);
    }
    if (hk__search_is_assessment(entity) && key->len == 0) {
        return hk_error_set(err, HK_INVALID, "Assessment field name cannot be empty");
    }
    if (entity != HK_SEARCH_DATASET || is_one_of(*key, dataset_keys, sizeof dataset_keys / sizeof dataset_keys[0])) {
        return true;
    }
    struct hk_str shown = hk__search_shown(*key);
    return hk_error_set(err, HK_INVALID,
                        "Invalid dataset key '%.*s' specified. Valid keys are '{'context', 'digest', 'name'}'",
                        HK_STR_ARG(shown));
}

bool hk__search_is_assessment(enum hk_search_entity entity)
{
    return entity == HK_SEARCH_FEEDBACK || entity == HK_SEARCH_EXPECTATION;
}

bool hk__search_is_number(enum hk_search_kind kind, const struct hk_search_term *term)
{
    if (term->entity == HK_SEARCH_ATTRIBUTE) {
        return hk__search_attribute_find(kind, term->key)->is_number;
    }
    bool is_order = term->op >= HK_SEARCH_LT && term->op <= HK_SEARCH_GE;
    return term->entity == HK_SEARCH_METRIC || (is_order && hk__search_is_assessment(term->entity));
}

static unsigned allowed_ops(enum hk_search_kind kind, const struct hk_search_term *term)
{
    if (hk__search_is_assessment(term->entity)) {
        return OPS_ORDER | OPS_NULL;
    }
    if (term->entity == HK_SEARCH_SPAN) {
        return hk_str_is(term->key, "content") ? BIT(HK_SEARCH_LIKE) | BIT(HK_SEARCH_ILIKE) : OPS_LISTED;
    }
    if (hk__search_is_number(kind, term)) {
        return OPS_NUMBER;
    }
    if (kind == HK_SEARCH_LOGGED_MODELS || term->entity == HK_SEARCH_DATASET) {
        return OPS_LISTED;
    }
    if (term->entity == HK_SEARCH_ATTRIBUTE) {
        return kind == HK_SEARCH_EXPERIMENTS && hk_str_is(term->key, "experiment_id")
                   ? OPS_EQUAL | BIT(HK_SEARCH_IN) | BIT(HK_SEARCH_NOT_IN)
                   : OPS_LISTED;
    }
    bool has_null = kind == HK_SEARCH_RUNS || kind == HK_SEARCH_EXPERIMENTS || kind == HK_SEARCH_TRACES;
    return has_null ? OPS_NULL : OPS_TEXT;
}

static void list_ops(unsigned ops, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int op = 0; op < HK_SEARCH_OP_COUNT; op++) {
        size_t len = strlen(op_names[op]);
        if ((ops & BIT(op)) != 0 && used + len + 5 < size) {
            const char *gap = used > 0 ? ", '" : "'";
            size_t gap_len = strlen(gap);
            memcpy(out + used, gap, gap_len);
            memcpy(out + used + gap_len, op_names[op], len);
            used += gap_len + len;
            out[used++] = '\'';
            out[used] = '\0';
        }
    }
}

static bool wrong_op(enum hk_search_kind kind, const struct hk_search_term *term, unsigned ops, struct hk_error *err)
{
    char names[160];
    struct hk_str op = hk__search_shown(term->op_text);
    struct hk_str key = hk__search_shown(term->key);
    list_ops(ops, names, sizeof names);
    if (kind == HK_SEARCH_LOGGED_MODELS) {
        return hk_error_set(err, HK_INVALID, "Invalid comparison operator for %ss.%.*s: '%.*s'. Expected one of (%s).",
                            term->entity == HK_SEARCH_PARAM ? "param" : hk__search_entity_name(term->entity),
                            HK_STR_ARG(key), HK_STR_ARG(op), names);
    }
    if (kind == HK_SEARCH_MODELS || kind == HK_SEARCH_VERSIONS) {
        bool is_number = hk__search_is_number(kind, term);
        return hk_error_set(err, HK_INVALID, "Invalid comparator for %s%s%.*s: %.*s",
                            hk__search_entity_name(term->entity), is_number ? " " : "", is_number ? (int)key.len : 0,
                            key.data, HK_STR_ARG(op));
    }
    if (kind == HK_SEARCH_EXPERIMENTS && hk_str_is(term->key, "experiment_id")) {
        return hk_error_set(err, HK_INVALID, "Invalid comparator for experiment_id: %.*s", HK_STR_ARG(op));
    }
    if (kind == HK_SEARCH_EXPERIMENTS && term->entity == HK_SEARCH_TAG) {
        return hk_error_set(err, HK_INVALID, "Invalid comparator for tag: %.*s", HK_STR_ARG(op));
    }
    return hk_error_set(err, HK_INVALID, "Invalid comparator '%.*s' not one of '{%s}'", HK_STR_ARG(op), names);
}

static bool wrong_null(enum hk_search_kind kind, const struct hk_search_term *term, struct hk_error *err)
{
    struct hk_str key = hk__search_shown(term->key);
    if (kind == HK_SEARCH_RUNS) {
        return hk_error_set(err, HK_INVALID,
                            "IS NULL / IS NOT NULL is only supported for tags and params, not for '%s' '%.*s'",
                            hk__search_entity_name(term->entity), HK_STR_ARG(key));
    }
    return hk_error_set(err, HK_INVALID, "IS NULL / IS NOT NULL is only supported for tags, not for attribute '%.*s'",
                        HK_STR_ARG(key));
}

bool hk__search_op_check(enum hk_search_kind kind, const struct hk_search_term *term, struct hk_error *err)
{
    unsigned ops = allowed_ops(kind, term);
    if (term->op < HK_SEARCH_OP_COUNT && (ops & BIT(term->op)) != 0) {
        if (term->type == HK_SEARCH_LIST && term->op != HK_SEARCH_IN && term->op != HK_SEARCH_NOT_IN) {
            return hk_error_set(err, HK_INVALID, "A list is compared with IN or NOT IN, not with '%.*s'",
                                HK_STR_ARG(term->op_text));
        }
        return true;
    }
    bool is_null = term->op == HK_SEARCH_IS_NULL || term->op == HK_SEARCH_IS_NOT_NULL;
    if (is_null && (kind == HK_SEARCH_RUNS || kind == HK_SEARCH_EXPERIMENTS)) {
        return wrong_null(kind, term, err);
    }
    return wrong_op(kind, term, ops, err);
}

bool hk__search_list_check(enum hk_search_kind kind, const struct hk_search_term *term, struct hk_error *err)
{
    static const char *const listed[HK_SEARCH_KIND_COUNT] = {
        "['run_id']", "['experiment_id']",
        "['name']",   "['name', 'run_id']",
        "",           "['name', 'status', 'request_id', 'run_id', 'client_request_id']"};
    if (term->entity != HK_SEARCH_ATTRIBUTE || hk__search_attribute_find(kind, term->key)->takes_list) {
        return true;
    }
    return hk_error_set(err, HK_INVALID, "Only %s attributes support comparison with a list of quoted string values.",
                        listed[kind]);
}
