#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "api/airflow/param_format.h"
#include "api/airflow/param_schema.h"
#include "engine/base/json.h"

/* What jsonschema 4 with its FormatChecker says, as installed with Airflow 3.3.2; NULL: the value fits. */
static const struct {
    const char *value;
    const char *schema;
    const char *why;
} CASES[] = {
    {"\"x\"", "{\"type\":\"integer\"}",
     "'x' is not of type 'integer'\n\nFailed validating 'type' in schema:\n    {'type': 'integer'}\n"
     "\nOn instance:\n    'x'"},
    {"1", "{\"type\":[\"string\",\"null\"]}",
     "1 is not of type 'string', 'null'\n\nFailed validating 'type' in schema:\n    {'type': ['string"
     "', 'null']}\n\nOn instance:\n    1"},
    {"\"q\"", "{\"enum\":[\"a\",\"b\",1,null]}",
     "'q' is not one of ['a', 'b', 1, None]\n\nFailed validating 'enum' in schema:\n    {'enum': ['a'"
     ", 'b', 1, None]}\n\nOn instance:\n    'q'"},
    {"3", "{\"const\":4}",
     "4 was expected\n\nFailed validating 'const' in schema:\n    {'const': 4}\n\nOn instance:\n    3"},
    {"0", "{\"minimum\":1,\"type\":\"integer\"}",
     "0 is less than the minimum of 1\n\nFailed validating 'minimum' in schema:\n    {'minimum': 1, '"
     "type': 'integer'}\n\nOn instance:\n    0"},
    {"5", "{\"exclusiveMaximum\":5}",
     "5 is greater than or equal to the maximum of 5\n\nFailed validating 'exclusiveMaximum' in schem"
     "a:\n    {'exclusiveMaximum': 5}\n\nOn instance:\n    5"},
    {"5", "{\"exclusiveMinimum\":5}",
     "5 is less than or equal to the minimum of 5\n\nFailed validating 'exclusiveMinimum' in schema:"
     "\n    {'exclusiveMinimum': 5}\n\nOn instance:\n    5"},
    {"5", "{\"multipleOf\":2}",
     "5 is not a multiple of 2\n\nFailed validating 'multipleOf' in schema:\n    {'multipleOf': 2}\n"
     "\nOn instance:\n    5"},
    {"3.5", "{\"multipleOf\":1}",
     "3.5 is not a multiple of 1\n\nFailed validating 'multipleOf' in schema:\n    {'multipleOf': 1}"
     "\n\nOn instance:\n    3.5"},
    {"\"abc\"", "{\"maxLength\":2}",
     "'abc' is too long\n\nFailed validating 'maxLength' in schema:\n    {'maxLength': 2}\n\nOn insta"
     "nce:\n    'abc'"},
    {"\"a\"", "{\"minLength\":2}",
     "'a' is too short\n\nFailed validating 'minLength' in schema:\n    {'minLength': 2}\n\nOn instan"
     "ce:\n    'a'"},
    {"\"\"", "{\"minLength\":1}",
     "'' should be non-empty\n\nFailed validating 'minLength' in schema:\n    {'minLength': 1}\n\nOn "
     "instance:\n    ''"},
    {"\"ab\"", "{\"maxLength\":0}",
     "'ab' is expected to be empty\n\nFailed validating 'maxLength' in schema:\n    {'maxLength': 0}"
     "\n\nOn instance:\n    'ab'"},
    {"\"abc\"", "{\"pattern\":\"^x\"}",
     "'abc' does not match '^x'\n\nFailed validating 'pattern' in schema:\n    {'pattern': '^x'}\n\nO"
     "n instance:\n    'abc'"},
    {"\"20\"", "{\"format\":\"date\",\"type\":\"string\"}",
     "'20' is not a 'date'\n\nFailed validating 'format' in schema:\n    {'format': 'date', 'type': '"
     "string'}\n\nOn instance:\n    '20'"},
    {"\"x\"", "{\"format\":\"time\"}",
     "'x' is not a 'time'\n\nFailed validating 'format' in schema:\n    {'format': 'time'}\n\nOn inst"
     "ance:\n    'x'"},
    {"\"x\"", "{\"format\":\"email\"}",
     "'x' is not a 'email'\n\nFailed validating 'format' in schema:\n    {'format': 'email'}\n\nOn in"
     "stance:\n    'x'"},
    {"\"x\"", "{\"format\":\"uuid\"}",
     "'x' is not a 'uuid'\n\nFailed validating 'format' in schema:\n    {'format': 'uuid'}\n\nOn inst"
     "ance:\n    'x'"},
    {"\"x\"", "{\"format\":\"ipv4\"}",
     "'x' is not a 'ipv4'\n\nFailed validating 'format' in schema:\n    {'format': 'ipv4'}\n\nOn inst"
     "ance:\n    'x'"},
    {"[1,\"a\"]", "{\"items\":{\"type\":\"integer\"}}",
     "'a' is not of type 'integer'\n\nFailed validating 'type' in schema['items']:\n    {'type': 'int"
     "eger'}\n\nOn instance[1]:\n    'a'"},
    {"[\"a\",\"b\"]", "{\"items\":{\"type\":\"integer\"}}",
     "'b' is not of type 'integer'\n\nFailed validating 'type' in schema['items']:\n    {'type': 'int"
     "eger'}\n\nOn instance[1]:\n    'b'"},
    {"[]", "{\"minItems\":1}",
     "[] should be non-empty\n\nFailed validating 'minItems' in schema:\n    {'minItems': 1}\n\nOn in"
     "stance:\n    []"},
    {"[]", "{\"minItems\":2}",
     "[] is too short\n\nFailed validating 'minItems' in schema:\n    {'minItems': 2}\n\nOn instance:"
     "\n    []"},
    {"[1,2,3]", "{\"maxItems\":2}",
     "[1, 2, 3] is too long\n\nFailed validating 'maxItems' in schema:\n    {'maxItems': 2}\n\nOn ins"
     "tance:\n    [1, 2, 3]"},
    {"[1,2]", "{\"maxItems\":0}",
     "[1, 2] is expected to be empty\n\nFailed validating 'maxItems' in schema:\n    {'maxItems': 0}"
     "\n\nOn instance:\n    [1, 2]"},
    {"[1,1]", "{\"uniqueItems\":true}",
     "[1, 1] has non-unique elements\n\nFailed validating 'uniqueItems' in schema:\n    {'uniqueItems"
     "': True}\n\nOn instance:\n    [1, 1]"},
    {"{\"a\":1}", "{\"required\":[\"b\"]}",
     "'b' is a required property\n\nFailed validating 'required' in schema:\n    {'required': ['b']}"
     "\n\nOn instance:\n    {'a': 1}"},
    {"{\"a\":1}", "{\"properties\":{\"a\":{\"type\":\"string\"}}}",
     "1 is not of type 'string'\n\nFailed validating 'type' in schema['properties']['a']:\n    {'type"
     "': 'string'}\n\nOn instance['a']:\n    1"},
    {"{\"a\":1,\"b\":2,\"c\":3}", "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
     "Additional properties are not allowed ('b', 'c' were unexpected)\n\nFailed validating 'addition"
     "alProperties' in schema:\n    {'properties': {'a': {}}, 'additionalProperties': False}\n\nOn in"
     "stance:\n    {'a': 1, 'b': 2, 'c': 3}"},
    {"{\"a\":1,\"b\":2}", "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
     "Additional properties are not allowed ('b' was unexpected)\n\nFailed validating 'additionalProp"
     "erties' in schema:\n    {'properties': {'a': {}}, 'additionalProperties': False}\n\nOn instance"
     ":\n    {'a': 1, 'b': 2}"},
    {"{\"a\":1,\"b\":2}", "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"string\"}}",
     "2 is not of type 'string'\n\nFailed validating 'type' in schema['additionalProperties']:\n    {"
     "'type': 'string'}\n\nOn instance['b']:\n    2"},
    {"{}", "{\"minProperties\":1}",
     "{} should be non-empty\n\nFailed validating 'minProperties' in schema:\n    {'minProperties': 1"
     "}\n\nOn instance:\n    {}"},
    {"{\"a\":1}", "{\"minProperties\":2}",
     "{'a': 1} does not have enough properties\n\nFailed validating 'minProperties' in schema:\n    {"
     "'minProperties': 2}\n\nOn instance:\n    {'a': 1}"},
    {"{\"a\":1,\"b\":2}", "{\"maxProperties\":1}",
     "{'a': 1, 'b': 2} has too many properties\n\nFailed validating 'maxProperties' in schema:\n    {"
     "'maxProperties': 1}\n\nOn instance:\n    {'a': 1, 'b': 2}"},
    {"1", "{\"not\":{\"type\":\"integer\"}}",
     "1 should not be valid under {'type': 'integer'}\n\nFailed validating 'not' in schema:\n    {'no"
     "t': {'type': 'integer'}}\n\nOn instance:\n    1"},
    {"true", "{\"type\":\"integer\"}",
     "True is not of type 'integer'\n\nFailed validating 'type' in schema:\n    {'type': 'integer'}\n"
     "\nOn instance:\n    True"},
    {"1", "{\"type\":\"integer\",\"maximum\":0,\"minimum\":5}",
     "1 is greater than the maximum of 0\n\nFailed validating 'maximum' in schema:\n    {'type': 'int"
     "eger', 'maximum': 0, 'minimum': 5}\n\nOn instance:\n    1"},
    {"{\"a\":{\"b\":[1,\"x\"]}}",
     "{\"properties\":{\"a\":{\"properties\":{\"b\":{\"items\":{\"type\":\"integer\"}}}}}}",
     "'x' is not of type 'integer'\n\nFailed validating 'type' in schema['properties']['a']['properti"
     "es']['b']['items']:\n    {'type': 'integer'}\n\nOn instance['a']['b'][1]:\n    'x'"},
    {"{\"long one\":\"aaaaaaaaaaaaaaaaaaaaaaaa\",\"another\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,"
     "17,18,19,20,21,22,23,24,25],\"c\":{\"d\":\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\",\"f\""
     ":\"ggggggggggggg\"}}",
     "{\"type\":\"string\"}",
     "{'long one': 'aaaaaaaaaaaaaaaaaaaaaaaa', 'another': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,"
     " 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25], 'c': {'d': 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
     "eeeeeeeeeee', 'f': 'ggggggggggggg'}} is not of type 'string'\n\nFailed validating 'type' in sch"
     "ema:\n    {'type': 'string'}\n\nOn instance:\n    {'long one': 'aaaaaaaaaaaaaaaaaaaaaaaa',\n   "
     "  'another': [1,\n                 2,\n                 3,\n                 4,\n              "
     "   5,\n                 6,\n                 7,\n                 8,\n                 9,\n    "
     "             10,\n                 11,\n                 12,\n                 13,\n           "
     "      14,\n                 15,\n                 16,\n                 17,\n                 1"
     "8,\n                 19,\n                 20,\n                 21,\n                 22,\n   "
     "              23,\n                 24,\n                 25],\n     'c': {'d': 'eeeeeeeeeeeeee"
     "eeeeeeeeeeeeeeeeeeeeeeeeeeeeee',\n           'f': 'ggggggggggggg'}}"},
    {"1", "{\"type\":\"integer\"}", NULL},
    {"1.0", "{\"type\":\"integer\"}", NULL},
    {"null", "{\"type\":[\"string\",\"null\"]}", NULL},
    {"\"2024-02-29\"", "{\"format\":\"date\"}", NULL},
    {"\"2023-02-29\"", "{\"format\":\"date\"}",
     "'2023-02-29' is not a 'date'\n\nFailed validating 'format' in schema:\n    {'format': 'date'}\n"
     "\nOn instance:\n    '2023-02-29'"},
    {"\"x\"", "{\"format\":\"date-time\"}", NULL},
    {"\"12:00:00Z\"", "{\"format\":\"time\"}",
     "'12:00:00Z' is not a 'time'\n\nFailed validating 'format' in schema:\n    {'format': 'time'}\n"
     "\nOn instance:\n    '12:00:00Z'"},
    {"\"1.2.3.4\"", "{\"format\":\"ipv4\"}", NULL},
    {"\"1.2.3.256\"", "{\"format\":\"ipv4\"}",
     "'1.2.3.256' is not a 'ipv4'\n\nFailed validating 'format' in schema:\n    {'format': 'ipv4'}\n"
     "\nOn instance:\n    '1.2.3.256'"},
    {"\"abc-12\"", "{\"pattern\":\"^[a-z]+-\\\\d{2}$\"}", NULL},
    {"\"x\"", "{\"unknown\":1,\"title\":\"t\"}", NULL},
    {"{\"a\":[1]}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\"}}}", NULL},
    {"\"b\"", "{\"anyOf\":[{\"type\":\"integer\"},{\"enum\":[\"b\"]}]}", NULL},
    {"\"\\u00e9\\n'\"", "{\"maxLength\":1}",
     "\"\303\251\\n'\" is too long\n\nFailed validating 'maxLength' in schema:\n    {'maxLength': 1}"
     "\n\nOn instance:\n    \"\303\251\\n'\""},
};

static void says_what_jsonschema_says(void **state)
{
    (void)state;
    struct hk_error err;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct hk_buf why;
        hk_buf_init(&why, 65536);
        json_t *value = hk_json_parse(hk_str_from(CASES[i].value), &err);
        json_t *schema = hk_json_parse(hk_str_from(CASES[i].schema), &err);
        assert_non_null(value);
        assert_non_null(schema);
        bool fits = hk__schema_check(schema, value, &why);
        if (fits != (CASES[i].why == NULL) || (!fits && strcmp(why.data, CASES[i].why) != 0)) {
            fail_msg("%s against %s:\n%s\ninstead of\n%s", CASES[i].value, CASES[i].schema, why.len > 0 ? why.data : "",
                     CASES[i].why != NULL ? CASES[i].why : "");
        }
        json_decref(value);
        json_decref(schema);
        hk_buf_clear(&why);
    }
}

static void check(const char *params, const char *conf, const char *wanted)
{
    struct hk_error err;
    struct hk_buf why;
    hk_buf_init(&why, 65536);
    json_t *p = hk_json_parse(hk_str_from(params), &err);
    json_t *c = conf != NULL ? hk_json_parse(hk_str_from(conf), &err) : NULL;
    assert_int_equal(hk__params_check(p, c, &why), wanted == NULL);
    if (wanted != NULL) {
        assert_memory_equal(why.data, wanted, strlen(wanted));
    }
    json_decref(p);
    json_decref(c);
    hk_buf_clear(&why);
}

static void checks_parameters(void **state)
{
    (void)state;
    static const char params[] = "{\"n\":{\"value\":3,\"schema\":{\"type\":\"integer\"}},\"m\":{\"schema\":{}}}";
    check(params, NULL, "Invalid input for param m: No value passed");
    check(params, "{\"m\":null}", NULL);
    check(params, "{\"m\":1,\"n\":\"x\"}", "Invalid input for param n: 'x' is not of type 'integer'\n\n");
    check(params, "{\"m\":1,\"other\":\"x\"}", NULL);
    check("{}", NULL, NULL);
}

static void knows_what_it_cannot_match(void **state)
{
    (void)state;
    assert_int_equal(hk__pattern_match("^(?=x)", "x"), HK__MATCH_UNKNOWN);
    assert_int_equal(hk__pattern_match("a+?", "aa"), HK__MATCH_UNKNOWN);
    assert_int_equal(hk__pattern_match("(", "("), HK__MATCH_UNKNOWN);
    assert_int_equal(hk__pattern_match("[\\d_]+\\.csv$", "x/2024_01.csv"), HK__MATCH_YES);
    assert_int_equal(hk__pattern_match("^(?:s3|gs)://\\S+$", "s3://bucket/key"), HK__MATCH_YES);
    assert_int_equal(hk__pattern_match("^(?:s3|gs)://\\S+$", "http://bucket"), HK__MATCH_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_jsonschema_says),
        cmocka_unit_test(checks_parameters),
        cmocka_unit_test(knows_what_it_cannot_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
