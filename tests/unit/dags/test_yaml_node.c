#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dags/yaml_node.h"
#include "engine/base/civil.h"
#include "engine/base/limits.h"

static struct hk_arena arena;

static struct hk_yaml_node *parse(const char *text)
{
    struct hk_yaml_node *root = NULL;
    struct hk_error err = {0};
    if (!hk_yaml_parse(&arena, hk_str_from(text), "f.yaml", &root, &err)) {
        fail_msg("%s", err.message);
    }
    return root;
}

static void refuse_bytes(struct hk_str text, enum hk_code code, const char *words)
{
    struct hk_yaml_node *root = NULL;
    struct hk_error err = {0};
    if (hk_yaml_parse(&arena, text, "f.yaml", &root, &err)) {
        fail_msg("read: %.60s", text.data);
    }
    assert_int_equal(err.code, code);
    if (strstr(err.message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static void refuse(const char *text, const char *words)
{
    refuse_bytes(hk_str_from(text), HK_INVALID, words);
}

static int clear(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

/* The texts that PyYAML's resolver takes for each kind. */
static const struct {
    const char *text;
    enum hk_yaml_kind kind;
    double value;
} scalars[] = {
    {"yes", HK_YAML_BOOL, 1},
    {"0_", HK_YAML_INT, 0},
    {"0_17", HK_YAML_INT, 15},
    {".Nan", HK_YAML_TEXT, 0},
    /* more digits than any buffer of a reasonable size */
    {"1000000000000000000000000000000000000000000000000000000000000000000000000000000.0", HK_YAML_FLOAT, 1e78},
    {"Off", HK_YAML_BOOL, 0},
    {"y", HK_YAML_TEXT, 0},
    {"oN", HK_YAML_TEXT, 0},
    {"~", HK_YAML_NULL, 0},
    {"Null", HK_YAML_NULL, 0},
    {"nULL", HK_YAML_TEXT, 0},
    {"0", HK_YAML_INT, 0},
    {"-12", HK_YAML_INT, -12},
    {"+1_000", HK_YAML_INT, 1000},
    {"017", HK_YAML_INT, 15},
    {"08", HK_YAML_TEXT, 0},
    {"0o17", HK_YAML_TEXT, 0},
    {"0x1F", HK_YAML_INT, 31},
    {"0b101", HK_YAML_INT, 5},
    {"1:30", HK_YAML_INT, 90},
    {"190:20:30", HK_YAML_INT, 685230},
    {"1:60", HK_YAML_TEXT, 0},
    {"01:30", HK_YAML_TEXT, 0},
    {"1.5", HK_YAML_FLOAT, 1.5},
    {"-.5", HK_YAML_TEXT, 0},
    {".5", HK_YAML_FLOAT, 0.5},
    {"1e5", HK_YAML_TEXT, 0},
    {"1.0e5", HK_YAML_TEXT, 0},
    {"1.0e+5", HK_YAML_FLOAT, 1e5},
    {"1.", HK_YAML_FLOAT, 1},
    {".", HK_YAML_TEXT, 0},
    {"1:30.5", HK_YAML_FLOAT, 90.5},
    {"-.inf", HK_YAML_FLOAT, -INFINITY},
    {"+.Inf", HK_YAML_FLOAT, INFINITY},
    {"inf", HK_YAML_TEXT, 0},
    {"1-2", HK_YAML_TEXT, 0},
    {"-", HK_YAML_TEXT, 0},
    {"1:", HK_YAML_TEXT, 0},
    {"_1", HK_YAML_TEXT, 0},
    {"2024-1-1", HK_YAML_TEXT, 0},
    {"2024-01-01x", HK_YAML_TEXT, 0},
    {"x2024-01-01", HK_YAML_TEXT, 0},
};

static void scalars_have_yaml_1_1_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "[%s]", scalars[i].text);
        if (strchr(scalars[i].text, ':') != NULL || strcmp(scalars[i].text, "-") == 0) {
            snprintf(text, sizeof text, "k: %s", scalars[i].text);
        }
        if (strcmp(scalars[i].text, "1:") == 0 || strcmp(scalars[i].text, "-") == 0) {
            continue; /* YAML gives these another meaning before they are scalars */
        }
        struct hk_yaml_node *root = parse(text);
        struct hk_yaml_node *n = root->kind == HK_YAML_LIST ? root->as.in.items[0] : hk_yaml_find(root, "k");
        if (n->kind != scalars[i].kind) {
            fail_msg("'%s' is %s", scalars[i].text, hk_yaml_kind_name(n->kind));
        }
        double value = n->kind == HK_YAML_BOOL    ? n->as.truth
                       : n->kind == HK_YAML_INT   ? (double)n->as.integer
                       : n->kind == HK_YAML_FLOAT ? n->as.real
                                                  : 0;
        if (!(value == scalars[i].value)) {
            fail_msg("'%s' is %f", scalars[i].text, value);
        }
    }
    struct hk_yaml_node *big = parse("n: 99999999999999999999");
    assert_true(hk_yaml_find(big, "n")->is_big);
    assert_true(isnan(parse(".NaN")->as.real));
}

static void times_keep_their_offset(void **state)
{
    (void)state;
    char text[HK_ISO_SIZE];
    struct hk_yaml_node *n = parse("2024-02-29");
    assert_int_equal(n->kind, HK_YAML_DATE);
    n = parse("2024-2-9 1:02:03.1234567 +5:30");
    assert_int_equal(n->kind, HK_YAML_TIME);
    hk_iso_z(n->as.time.wall_us, text);
    assert_string_equal(text, "2024-02-09T01:02:03.123456Z");
    assert_true(n->has_zone);
    assert_int_equal(n->as.time.offset_seconds, 19800);
    assert_true(parse("2024-01-01T00:00:00Z")->has_zone);
    assert_false(parse("2024-01-01t00:00:00")->has_zone);
    refuse("a: 2023-02-29", "f.yaml:1: '2023-02-29' looks like a date");
    refuse("- 1\n- 2024-01-01 25:00:00", "f.yaml:2:");
}

static void tags_and_quotes_decide(void **state)
{
    (void)state;
    struct hk_yaml_node *root =
        parse("[!!str 12, '12', \"yes\", !!float 3, !!int '7', !!python/tuple [1], !!python/name:os.getcwd ]");
    struct hk_yaml_node **items = root->as.in.items;
    assert_true(hk_yaml_is_text(items[0], "12"));
    assert_true(hk_yaml_is_text(items[1], "12"));
    assert_true(hk_yaml_is_text(items[2], "yes"));
    assert_int_equal(items[3]->kind, HK_YAML_FLOAT);
    assert_int_equal(items[4]->as.integer, 7);
    assert_int_equal(items[5]->kind, HK_YAML_LIST);
    assert_int_equal(items[6]->kind, HK_YAML_OBJECT);
    refuse("a: !!int x", "is not what its tag");
    refuse("a: !!python/object/apply:os.system [ls]", "the tag 'tag:yaml.org,2002:python/object/apply:os.system'");
    refuse("a: !mine x", "the tag '!mine'");
}

static void merge_keys_fill_in(void **state)
{
    (void)state;
    struct hk_yaml_node *root =
        parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {y: 9, <<: [*a, *b]}\nd:\n  <<: *a\n  '<<': 5\n");
    struct hk_yaml_node *c = hk_yaml_find(root, "c");
    assert_int_equal(hk_yaml_find(c, "x")->as.integer, 1);
    assert_int_equal(hk_yaml_find(c, "y")->as.integer, 9);
    assert_int_equal(hk_yaml_find(c, "z")->as.integer, 4);
    assert_int_equal(c->as.in.pair_count, 3);
    assert_int_equal(hk_yaml_find(hk_yaml_find(root, "d"), "<<")->as.integer, 5);
    refuse("a: {<<: 1}", "the merge key '<<'");
    refuse("a: {<<: [1]}", "the merge key '<<'");
}

static void bad_structure_is_refused(void **state)
{
    (void)state;
    refuse("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' was already given on line 1");
    refuse("a: 1\n1: 2\n1: 3\n", "the key '1' was already given on line 2");
    refuse("[1, 2]: x", "a key has to be a plain value");
    refuse("a: *b", "has no anchor");
    refuse("a: &x [1]\nb: &x [2]\n", "is already in use");
    refuse("a: &x [*x]", "stands inside its own anchor");
    refuse("a: 1\n---\nb: 2\n", "f.yaml:2: a second document");
    refuse("a: [1", "f.yaml:");
    refuse("a: 'x", "f.yaml:");
    refuse("a:\n\tb: 1\n", "f.yaml:2:");
    refuse("a: \"\\0\"", "NUL");
    refuse_bytes((struct hk_str){"ok: 1\nbad: \xFF\xFE\n", 14}, HK_INVALID, "f.yaml:2: this line is not UTF-8");
    refuse_bytes((struct hk_str){"a: \0b", 5}, HK_INVALID, "f.yaml:");
    assert_int_equal(parse("")->kind, HK_YAML_NULL);
    assert_int_equal(parse("# only words\n")->kind, HK_YAML_NULL);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 1024 * 1024);
    hk_buf_add_text(&text, "a0: &a0 [x, x]\n");
    for (int i = 1; i < 40; i++) {
        hk_buf_printf(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    }
    refuse_bytes(hk_buf_str(&text), HK_LIMIT, "with its aliases written out");
    hk_buf_reset(&text);
    for (int i = 0; i < 5000; i++) {
        hk_buf_add_char(&text, '[');
    }
    refuse_bytes(hk_buf_str(&text), HK_LIMIT, "nested more than 100 levels");
    hk_buf_reset(&text);
    hk_buf_add_text(&text, "m0: &m0 {k: 1}\n");
    for (int i = 1; i < 120; i++) { /* a ladder of depth, one step a line */
        hk_buf_printf(&text, "m%d: &m%d {k: *m%d}\n", i, i, i - 1);
    }
    refuse_bytes(hk_buf_str(&text), HK_LIMIT, "100 levels");
    hk_buf_clear(&text);
}

static void endless_merges_are_refused(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 4 * 1024 * 1024);
    hk_buf_add_text(&text, "base: &base {");
    for (int i = 0; i < 3000; i++) {
        hk_buf_printf(&text, "k%d: 1, ", i);
    }
    hk_buf_add_text(&text, "}\nlist:\n");
    for (int i = 0; i < 3000; i++) {
        hk_buf_add_text(&text, "- {<<: *base}\n");
    }
    refuse_bytes(hk_buf_str(&text), HK_LIMIT, "more than 2000000 YAML nodes");
    hk_buf_clear(&text);
}

static void cast_makes_objects_and_texts(void **state)
{
    (void)state;
    struct hk_error err = {0};
    struct hk_yaml_node *root = parse("o: &o {__type__: datetime.timedelta, __args__: [1], hours: 2}\n"
                                      "l: {__type__: builtins.list, items: [*o, 2]}\n"
                                      "j: {__join__: [a, 1, 2.50, yes, ~, 2024-01-01]}\n"
                                      "e: {__and__: [x, {__or__: [y, z]}]}\n");
    assert_true(hk_yaml_cast(&arena, root, "f.yaml", &err));
    struct hk_yaml_node *o = hk_yaml_find(root, "o");
    assert_int_equal(o->kind, HK_YAML_OBJECT);
    assert_string_equal(o->text.data, "datetime.timedelta");
    assert_int_equal(o->as.in.item_count, 1);
    assert_int_equal(o->as.in.pair_count, 1);
    struct hk_yaml_node *l = hk_yaml_find(root, "l");
    assert_int_equal(l->kind, HK_YAML_LIST);
    assert_ptr_equal(l->as.in.items[0], o);
    assert_true(hk_yaml_is_text(hk_yaml_find(root, "j"), "a12.5TrueNone2024-01-01"));
    assert_true(hk_yaml_is_text(hk_yaml_find(root, "e"), "(x & (y | z))"));
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, 10000);
    hk_json_init(&w, &text);
    hk_yaml_write_json(root, &w);
    assert_string_equal(text.data, "{\"o\":{\"__type__\":\"datetime.timedelta\",\"__args__\":[1],\"hours\":2},"
                                   "\"l\":[{\"__type__\":\"datetime.timedelta\",\"__args__\":[1],\"hours\":2},2],"
                                   "\"j\":\"a12.5TrueNone2024-01-01\",\"e\":\"(x & (y | z))\"}");
    hk_buf_clear(&text);
    assert_false(hk_yaml_cast(&arena, parse("a:\n  {__type__: [1]}"), "f.yaml", &err));
    assert_non_null(strstr(err.message, "f.yaml:2: __type__ takes"));
    assert_false(hk_yaml_cast(&arena, parse("a: {__join__: [[1]]}"), "f.yaml", &err));
    assert_false(hk_yaml_cast(&arena, parse("a: {__join__: x}"), "f.yaml", &err));
    assert_false(hk_yaml_cast(&arena, parse("a: {__type__: x.y, __args__: 1}"), "f.yaml", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(scalars_have_yaml_1_1_meaning, clear),
        cmocka_unit_test_teardown(times_keep_their_offset, clear),
        cmocka_unit_test_teardown(tags_and_quotes_decide, clear),
        cmocka_unit_test_teardown(merge_keys_fill_in, clear),
        cmocka_unit_test_teardown(bad_structure_is_refused, clear),
        cmocka_unit_test_teardown(bombs_are_refused, clear),
        cmocka_unit_test_teardown(endless_merges_are_refused, clear),
        cmocka_unit_test_teardown(cast_makes_objects_and_texts, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
