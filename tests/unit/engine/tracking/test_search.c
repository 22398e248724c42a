#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/base/limits.h"
#include "engine/tracking/search.h"

/* A filter as one line: "entity key op value" for each term, '|' between them; or the message. */
static const char *read_filter(enum hk_search_kind kind, struct hk_str text, char *out, size_t size)
{
    static const char *const entities[] = {"attribute", "metric", "param", "tag", "dataset"};
    static const char *const ops[] = {
        "=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "NULL", "NOT NULL"};
    struct hk_arena arena = {0};
    struct hk_search_filter filter;
    struct hk_error err = {0};
    struct hk_buf buf;
    hk_buf_init(&buf, size);
    if (!hk_search_filter_parse(kind, text, &arena, &filter, &err)) {
        assert_int_equal(err.code, HK_INVALID);
        hk_buf_add_text(&buf, err.message);
    }
    for (size_t i = 0; i < filter.count && err.code == HK_OK; i++) {
        const struct hk_search_term *t = &filter.terms[i];
        hk_buf_printf(&buf, "%s%s %.*s %s", i > 0 ? "|" : "", entities[t->entity], HK_STR_ARG(t->key), ops[t->op]);
        if (t->type == HK_SEARCH_INTEGER) {
            hk_buf_printf(&buf, " %lld", (long long)t->integer);
        } else if (t->type == HK_SEARCH_REAL) {
            hk_buf_printf(&buf, " %g", t->real);
        } else if (t->type == HK_SEARCH_TEXT) {
            hk_buf_printf(&buf, " [%.*s]", HK_STR_ARG(t->text));
        }
        for (size_t item = 0; item < t->item_count; item++) {
            hk_buf_printf(&buf, " [%.*s]", HK_STR_ARG(t->items[item]));
        }
    }
    snprintf(out, size, "%s", buf.data != NULL ? buf.data : "");
    hk_buf_clear(&buf);
    hk_arena_clear(&arena);
    return out;
}

struct row {
    enum hk_search_kind kind;
    const char *text;
    const char *wanted;
};

static void expect_all(const struct row *rows, size_t count)
{
    char out[1024];
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(read_filter(rows[i].kind, hk_str_from(rows[i].text), out, sizeof out), rows[i].wanted);
    }
}

#define EXPECT_ALL(rows) expect_all((rows), sizeof(rows) / sizeof((rows)[0]))

static void test_what_is_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {HK_SEARCH_RUNS, "", ""},
        {HK_SEARCH_RUNS, "metrics.auc >= 0.9 AND params.lr = '0.1'", "metric auc >= 0.9|param lr = [0.1]"},
        {HK_SEARCH_RUNS, "metric.a>-1.5e-2 and tag.b like '%x_'", "metric a > -0.015|tag b LIKE [%x_]"},
        {HK_SEARCH_RUNS, "tags.mlflow.source.name = \"x'y\"", "tag mlflow.source.name = [x'y]"},
        {HK_SEARCH_RUNS, "params.`a b` = 'it''s'", "param a b = [it''s]"},
        {HK_SEARCH_RUNS, "params.\"a-b\" ILIKE ''", "param a-b ILIKE []"},
        {HK_SEARCH_RUNS, "Created < 5 AND attribute.`Run Name` != 'x'",
         "attribute start_time < 5|attribute run_name != [x]"},
        {HK_SEARCH_RUNS, "run_id not in ('a', \"b\",)", "attribute run_id NOT IN [a] [b]"},
        {HK_SEARCH_RUNS, "run_id IN ('it\\'s' 'x', 'a)b\\n')", "attribute run_id IN [it'sx] [a)b\n]"},
        {HK_SEARCH_RUNS, "tags.a IS NULL AND param.b is not null", "tag a NULL|param b NOT NULL"},
        {HK_SEARCH_RUNS, "AND metrics.a = 1 metrics.b = 2 AND AND", "metric a = 1|metric b = 2"},
        {HK_SEARCH_RUNS, "datasets.digest IN ('d') AND dataset.context = 'train'",
         "dataset digest IN [d]|dataset context = [train]"},
        {HK_SEARCH_RUNS, "tags.order = 'x' AND tags.1m='y'", "tag order = [x]|tag 1m = [y]"},
        {HK_SEARCH_RUNS, "params.a = 'x\\' AND params.b = '", "param a = [x\\' AND params.b = ]"},
        {HK_SEARCH_EXPERIMENTS, "name LIKE 'a%' AND creation_time > 5",
         "attribute name LIKE [a%]|attribute creation_time > 5"},
        {HK_SEARCH_EXPERIMENTS, "experiment_id IN ('1','2')", "attribute experiment_id IN [1] [2]"},
        {HK_SEARCH_MODELS, "name ilike 'a' and tags.`mlflow.prompt.is_prompt` != 'true'",
         "attribute name ILIKE [a]|tag mlflow.prompt.is_prompt != [true]"},
        {HK_SEARCH_VERSIONS, "version_number >= '3' AND run_id IN ('r')",
         "attribute version_number >= 3|attribute run_id IN [r]"},
        {HK_SEARCH_LOGGED_MODELS, "metrics.val/loss < 1 AND params.k = 5", "metric val/loss < 1|param k = [5]"},
        {HK_SEARCH_LOGGED_MODELS, "creation_time > 5 AND status IN ('READY')",
         "attribute creation_timestamp > 5|attribute status IN [READY]"},
    };
    EXPECT_ALL(rows);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {HK_SEARCH_RUNS, " ", "Invalid filter ' '. Could not be parsed."},
        {HK_SEARCH_RUNS, "metrics.a > 1 OR metrics.b > 1",
         "Invalid clause(s) in filter string: 'OR' (at character 15)"},
        {HK_SEARCH_RUNS, "(metrics.a > 1)", "Invalid clause(s) in filter string: '(' (at character 1)"},
        {HK_SEARCH_RUNS, "params.é = 'x' AND params.b",
         "Invalid clause(s) in filter string: 'the end of the filter' (at character 28)"},
        {HK_SEARCH_RUNS, "params.a = x",
         "Parameter value is either not quoted or unidentified quote types used for string value x. Use either single "
         "or double quotes. (at character 12)"},
        {HK_SEARCH_RUNS, "params.a = 5",
         "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5 (at character 12)"},
        {HK_SEARCH_RUNS, "metrics.a = '5'", "Expected numeric value type for metric. Found '5' (at character 13)"},
        {HK_SEARCH_RUNS, "params.a > 'x'",
         "Invalid comparator '>' not one of '{'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}' (at character 1)"},
        {HK_SEARCH_RUNS, "metrics.12x > 1",
         "Invalid clause(s) in filter string: '.1'; a key with other than letters, digits, '_' and '.' is written in "
         "`backticks` (at character 8)"},
        {HK_SEARCH_RUNS, "foo.a = 'x'",
         "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset'] (at "
         "character 1)"},
        {HK_SEARCH_RUNS, "run_name IN ('x')",
         "Only ['run_id'] attributes support comparison with a list of quoted string values. (at character 13)"},
        {HK_SEARCH_RUNS, "run_id IN ()",
         "While parsing a list in the query, expected a non-empty list of string values, but got empty list (at "
         "character 11)"},
        {HK_SEARCH_RUNS, "run_id IN ('a'",
         "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list. (at "
         "character 11)"},
        {HK_SEARCH_RUNS, "run_id = ('a')", "A list is compared with IN or NOT IN, not with '=' (at character 1)"},
        {HK_SEARCH_RUNS, "metrics.a IS NULL",
         "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'a' (at character 1)"},
        {HK_SEARCH_RUNS, "'x' = params.a",
         "Invalid comparison clause. Expected 'Identifier' found ''x'' (at character 1)"},
        {HK_SEARCH_RUNS, "metrics.a > 1; metrics.b > 1",
         "Search filter contained multiple expression 'metrics.a > 1; metrics.b > 1'. Provide AND-ed expression list. "
         "(at character 14)"},
        {HK_SEARCH_RUNS, "start_time > 99999999999999999999",
         "Invalid value for numeric attribute 'start_time': '99999999999999999999' (at character 14)"},
        {HK_SEARCH_RUNS, "params.a = 'x",
         "Invalid clause(s) in filter string: '''; a key with other than letters, digits, '_' and '.' is written in "
         "`backticks` (at character 12)"},
        {HK_SEARCH_EXPERIMENTS, "params.a = 'x'",
         "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags') (at character 1)"},
        {HK_SEARCH_EXPERIMENTS, "creation_time = 1.5",
         "Invalid value for numeric attribute 'creation_time': '1.5' (at character 17)"},
        {HK_SEARCH_MODELS, "`name` = 'x'",
         "Invalid attribute key '`name`' specified. Valid keys are '{'name'}' (at character 1)"},
        {HK_SEARCH_VERSIONS, "run_id = 5",
         "Only the '{'version_number', 'creation_timestamp', 'last_updated_timestamp'}' attributes support comparison "
         "with numeric values. (at character 10)"},
        {HK_SEARCH_LOGGED_MODELS, "metric.a > 1",
         "Invalid entity type: 'metric'. Expected one of ['attributes', 'metrics', 'params', 'tags']. (at character "
         "1)"},
    };
    EXPECT_ALL(rows);
}

static const char *read_order(enum hk_search_kind kind, const char *text, char *out, size_t size)
{
    static const char *const entities[] = {"attribute", "metric", "param", "tag", "dataset"};
    struct hk_arena arena = {0};
    struct hk_search_order order;
    struct hk_error err = {0};
    if (hk_search_order_parse(kind, hk_str_from(text), &arena, &order, &err)) {
        snprintf(out, size, "%s %.*s%s", entities[order.entity], HK_STR_ARG(order.key),
                 order.is_descending ? " down" : "");
    } else {
        snprintf(out, size, "%s", err.message);
    }
    hk_arena_clear(&arena);
    return out;
}

static void test_orders(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {HK_SEARCH_RUNS, "metrics.`a b` DESC", "metric a b down"},
        {HK_SEARCH_RUNS, "created", "attribute start_time"},
        {HK_SEARCH_RUNS, "tags.a asc", "tag a"},
        {HK_SEARCH_RUNS, "", "Invalid order_by clause ''. Could not be parsed. (at character 1)"},
        {HK_SEARCH_RUNS, "metrics.a down",
         "Invalid ordering key in order_by clause 'metrics.a down'. (at character 11)"},
        {HK_SEARCH_RUNS, "metrics.a, params.b",
         "Invalid order_by clause 'metrics.a, params.b'. Could not be parsed. (at character 10)"},
        {HK_SEARCH_RUNS, "dataset.name", "Invalid identifier type 'dataset' (at character 1)"},
        {HK_SEARCH_MODELS, "timestamp DESC", "attribute last_updated_timestamp down"},
        {HK_SEARCH_MODELS, "creation_timestamp",
         "Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}' (at character "
         "1)"},
        {HK_SEARCH_VERSIONS, "version_number", "attribute version_number"},
        {HK_SEARCH_EXPERIMENTS, "tags.x", "Invalid order_by entity: tag (at character 1)"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(read_order(rows[i].kind, rows[i].text, out, sizeof out), rows[i].wanted);
    }
}

static void test_fields_of_logged_models(void **state)
{
    (void)state;
    struct hk_search_order order;
    struct hk_error err;
    assert_true(hk_search_field_parse(HK_STR("metrics.a.b c"), &order, &err));
    assert_int_equal(order.entity, HK_SEARCH_METRIC);
    assert_true(hk_str_is(order.key, "a.b c"));
    assert_true(hk_search_field_parse(HK_STR("creation_time"), &order, &err));
    assert_true(hk_str_is(order.key, "creation_timestamp"));
    assert_false(hk_search_field_parse(HK_STR("params.a"), &order, &err));
    assert_string_equal(err.message, "Invalid order by field name: params.a. Only metrics are supported.");
    assert_false(hk_search_field_parse((struct hk_str){0}, &order, &err));
}

/* Each beginning of a long filter ends with an answer, and so do very long ones. */
static void test_limits_and_cuts(void **state)
{
    (void)state;
    char out[1024];
    struct hk_buf buf;
    hk_buf_init(&buf, 1024 * 1024);
    hk_buf_add_text(
        &buf, "metrics.`a b` > -1.5e3 AND run_id NOT IN ('a\\'', \"b\") and tags.é IS NOT NULL AND params.x='it''s' ");
    for (size_t len = 0; len <= buf.len; len++) {
        char *exact = malloc(len + 1);
        memcpy(exact, buf.data, len);
        read_filter(HK_SEARCH_RUNS, (struct hk_str){exact, len}, out, sizeof out);
        free(exact);
    }
    hk_buf_reset(&buf);
    for (int i = 0; i <= HK_MAX_SEARCH_TERMS; i++) {
        hk_buf_add_text(&buf, "metrics.a > 1 ");
    }
    read_filter(HK_SEARCH_RUNS, hk_buf_str(&buf), out, sizeof out);
    assert_string_equal(out, "A filter has at most 100 comparisons (at character 1401)");
    hk_buf_reset(&buf);
    hk_buf_add_text(&buf, "run_id IN (");
    for (int i = 0; i <= HK_MAX_SEARCH_ITEMS; i++) {
        hk_buf_add_text(&buf, "'a',");
    }
    hk_buf_add_text(&buf, ")");
    read_filter(HK_SEARCH_RUNS, hk_buf_str(&buf), out, sizeof out);
    assert_string_equal(out, "A list has at most 10000 values (at character 11)");
    hk_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),    cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_orders),          cmocka_unit_test(test_fields_of_logged_models),
        cmocka_unit_test(test_limits_and_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
