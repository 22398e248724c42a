/* What FastAPI 0.136 with pydantic 2.14 answered for a model with the fields that test_validate.c reads: a table of
 * inputs and answers, taken from the real thing. */
#ifndef TEST_HTTP_VALIDATE_EXAMPLES_H
#define TEST_HTTP_VALIDATE_EXAMPLES_H

struct example {
    const char *input;
    const char *answer; /* empty: accepted */
};

static const struct example queries[] = {
    {"/q?i=",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"\"}]}"},
    {"/q?i=1.0", ""},
    {"/q?i=1.5",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"1.5\"}]}"},
    {"/q?i=%2B5", ""},
    {"/q?i=%205%20", ""},
    {"/q?i=1_000", ""},
    {"/q?i=1__0",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"1__0\"}]}"},
    {"/q?i=1e3",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"1e3\"}]}"},
    {"/q?i=0x1",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"0x1\"}]}"},
    {"/q?i=-0", ""},
    {"/q?i=007", ""},
    {"/q?i=5&i=x",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"i\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"x\"}]}"},
    {"/q?ge=101",
     "{\"detail\":[{\"type\":\"less_than_equal\",\"loc\":[\"query\",\"ge\"],\"msg\":\"Input should be less than o"
     "r equal to 100\",\"input\":\"101\",\"ctx\":{\"le\":100}}]}"},
    {"/q?ge=-1",
     "{\"detail\":[{\"type\":\"greater_than_equal\",\"loc\":[\"query\",\"ge\"],\"msg\":\"Input should be greater "
     "than or equal to 0\",\"input\":\"-1\",\"ctx\":{\"ge\":0}}]}"},
    {"/q?b=maybe",
     "{\"detail\":[{\"type\":\"bool_parsing\",\"loc\":[\"query\",\"b\"],\"msg\":\"Input should be a valid boolean"
     ", unable to interpret input\",\"input\":\"maybe\"}]}"},
    {"/q?b=",
     "{\"detail\":[{\"type\":\"bool_parsing\",\"loc\":[\"query\",\"b\"],\"msg\":\"Input should be a valid boolean"
     ", unable to interpret input\",\"input\":\"\"}]}"},
    {"/q?b=YES", ""},
    {"/q?b=off", ""},
    {"/q?b=%20true",
     "{\"detail\":[{\"type\":\"bool_parsing\",\"loc\":[\"query\",\"b\"],\"msg\":\"Input should be a valid boolean"
     ", unable to interpret input\",\"input\":\" true\"}]}"},
    {"/q?f=abc",
     "{\"detail\":[{\"type\":\"float_parsing\",\"loc\":[\"query\",\"f\"],\"msg\":\"Input should be a valid number"
     ", unable to parse string as a number\",\"input\":\"abc\"}]}"},
    {"/q?f=1_0", ""},
    {"/q?dt=abc",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, input is too short\",\"input\":\"abc\",\"ctx\":{\"error\":\"input is too short\"}"
     "}]}"},
    {"/q?dt=2024-01-01", ""},
    {"/q?dt=2024-13-01",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, month value is outside expected range of 1-12\",\"input\":\"2024-13-01\",\"ctx\":"
     "{\"error\":\"month value is outside expected range of 1-12\"}}]}"},
    {"/q?dt=",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, input is too short\",\"input\":\"\",\"ctx\":{\"error\":\"input is too short\"}}]}"},
    {"/q?dt=1700000000", ""},
    {"/q?dt=2024-01-01T00:00:00+00:00",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, unexpected extra characters at the end of the input\",\"input\":\"2024-01-01T00:0"
     "0:00 00:00\",\"ctx\":{\"error\":\"unexpected extra characters at the end of the input\"}}]}"},
    {"/q?dt=2024-01-01T25:00:00",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, unexpected extra characters at the end of the input\",\"input\":\"2024-01-01T25:0"
     "0:00\",\"ctx\":{\"error\":\"unexpected extra characters at the end of the input\"}}]}"},
    {"/q?dt=2024-02-30",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, day value is outside expected range\",\"input\":\"2024-02-30\",\"ctx\":{\"error\""
     ":\"day value is outside expected range\"}}]}"},
    {"/q?dt=2024-1-1",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, input is too short\",\"input\":\"2024-1-1\",\"ctx\":{\"error\":\"input is too sho"
     "rt\"}}]}"},
    {"/q?dt=abcdefghijklmn",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, invalid character in year\",\"input\":\"abcdefghijklmn\",\"ctx\":{\"error\":\"inv"
     "alid character in year\"}}]}"},
    {"/q?dt=2024/01/01",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, invalid date separator, expected `-`\",\"input\":\"2024/01/01\",\"ctx\":{\"error"
     "\":\"invalid date separator, expected `-`\"}}]}"},
    {"/q?dt=99999999999999999999",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"query\",\"dt\"],\"msg\":\"Input should be "
     "a valid datetime or date, invalid date separator, expected `-`\",\"input\":\"99999999999999999999\",\"ctx\""
     ":{\"error\":\"invalid date separator, expected `-`\"}}]}"},
    {"/q?dt=2024-01-01T00:00:00.123456789Z", ""},
    {"/q?e=zz",
     "{\"detail\":[{\"type\":\"enum\",\"loc\":[\"query\",\"e\"],\"msg\":\"Input should be 'aa', 'bb' or 'cc'\",\""
     "input\":\"zz\",\"ctx\":{\"expected\":\"'aa', 'bb' or 'cc'\"}}]}"},
    {"/q?lit=z",
     "{\"detail\":[{\"type\":\"literal_error\",\"loc\":[\"query\",\"lit\"],\"msg\":\"Input should be 'x' or 'y'\""
     ",\"input\":\"z\",\"ctx\":{\"expected\":\"'x' or 'y'\"}}]}"},
    {"/r", "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"query\",\"x\"],\"msg\":\"Field required\",\"input\":null}]}"},
    {"/r?x=",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"x\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"\"}]}"},
    {"/r?x=q",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"x\"],\"msg\":\"Input should be a valid integer,"
     " unable to parse string as an integer\",\"input\":\"q\"}]}"},
};

static const struct example bodies[] = {
    {"{bad",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",1],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]}"},
    {"", "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"Field required\",\"input\":null}]}"},
    {"null", "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"Field required\",\"input\":null}]}"},
    {"[]", "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"Input should be a valid dicti"
           "onary or object to extract fields from\",\"input\":[]}]}"},
    {"\"x\"",
     "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"Input should be a valid dicti"
     "onary or object to extract fields from\",\"input\":\"x\"}]}"},
    {"1", "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"Input should be a valid dicti"
          "onary or object to extract fields from\",\"input\":1}]}"},
    {"{\"s\":1}",
     "{\"detail\":[{\"type\":\"string_type\",\"loc\":[\"body\",\"s\"],\"msg\":\"Input should be a valid string\","
     "\"input\":1}]}"},
    {"{\"s\":null}",
     "{\"detail\":[{\"type\":\"string_type\",\"loc\":[\"body\",\"s\"],\"msg\":\"Input should be a valid string\","
     "\"input\":null}]}"},
    {"{\"s\":\"é한\"}", ""},
    {"{\"i\":\"x\"}",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"body\",\"i\"],\"msg\":\"Input should be a valid integer, "
     "unable to parse string as an integer\",\"input\":\"x\"}]}"},
    {"{\"i\":\"5\"}", ""},
    {"{\"i\":1.5}",
     "{\"detail\":[{\"type\":\"int_from_float\",\"loc\":[\"body\",\"i\"],\"msg\":\"Input should be a valid intege"
     "r, got a number with a fractional part\",\"input\":1.5}]}"},
    {"{\"i\":2.0}", ""},
    {"{\"i\":true}", ""},
    {"{\"i\":null}",
     "{\"detail\":[{\"type\":\"int_type\",\"loc\":[\"body\",\"i\"],\"msg\":\"Input should be a valid integer\",\""
     "input\":null}]}"},
    {"{\"i\":[]}",
     "{\"detail\":[{\"type\":\"int_type\",\"loc\":[\"body\",\"i\"],\"msg\":\"Input should be a valid integer\",\""
     "input\":[]}]}"},
    {"{\"ge\":1}",
     "{\"detail\":[{\"type\":\"greater_than_equal\",\"loc\":[\"body\",\"ge\"],\"msg\":\"Input should be greater t"
     "han or equal to 2\",\"input\":1,\"ctx\":{\"ge\":2}}]}"},
    {"{\"ge\":10}",
     "{\"detail\":[{\"type\":\"less_than_equal\",\"loc\":[\"body\",\"ge\"],\"msg\":\"Input should be less than or"
     " equal to 9\",\"input\":10,\"ctx\":{\"le\":9}}]}"},
    {"{\"f\":\"x\"}",
     "{\"detail\":[{\"type\":\"float_parsing\",\"loc\":[\"body\",\"f\"],\"msg\":\"Input should be a valid number,"
     " unable to parse string as a number\",\"input\":\"x\"}]}"},
    {"{\"f\":null}",
     "{\"detail\":[{\"type\":\"float_type\",\"loc\":[\"body\",\"f\"],\"msg\":\"Input should be a valid number\","
     "\"input\":null}]}"},
    {"{\"f\":true}", ""},
    {"{\"b\":\"x\"}",
     "{\"detail\":[{\"type\":\"bool_parsing\",\"loc\":[\"body\",\"b\"],\"msg\":\"Input should be a valid boolean,"
     " unable to interpret input\",\"input\":\"x\"}]}"},
    {"{\"b\":2}",
     "{\"detail\":[{\"type\":\"bool_parsing\",\"loc\":[\"body\",\"b\"],\"msg\":\"Input should be a valid boolean,"
     " unable to interpret input\",\"input\":2}]}"},
    {"{\"b\":1}", ""},
    {"{\"b\":null}",
     "{\"detail\":[{\"type\":\"bool_type\",\"loc\":[\"body\",\"b\"],\"msg\":\"Input should be a valid boolean\","
     "\"input\":null}]}"},
    {"{\"b\":\"yes\"}", ""},
    {"{\"b\":1.0}", ""},
    {"{\"b\":[]}",
     "{\"detail\":[{\"type\":\"bool_type\",\"loc\":[\"body\",\"b\"],\"msg\":\"Input should be a valid boolean\","
     "\"input\":[]}]}"},
    {"{\"d\":[]}",
     "{\"detail\":[{\"type\":\"dict_type\",\"loc\":[\"body\",\"d\"],\"msg\":\"Input should be a valid dictionary"
     "\",\"input\":[]}]}"},
    {"{\"d\":null}",
     "{\"detail\":[{\"type\":\"dict_type\",\"loc\":[\"body\",\"d\"],\"msg\":\"Input should be a valid dictionary"
     "\",\"input\":null}]}"},
    {"{\"d\":{\"a\":1}}", ""},
    {"{\"l\":{}}",
     "{\"detail\":[{\"type\":\"list_type\",\"loc\":[\"body\",\"l\"],\"msg\":\"Input should be a valid list\",\"in"
     "put\":{}}]}"},
    {"{\"l\":\"x\"}",
     "{\"detail\":[{\"type\":\"list_type\",\"loc\":[\"body\",\"l\"],\"msg\":\"Input should be a valid list\",\"in"
     "put\":\"x\"}]}"},
    {"{\"ls\":[\"a\",1,null]}",
     "{\"detail\":[{\"type\":\"string_type\",\"loc\":[\"body\",\"ls\",1],\"msg\":\"Input should be a valid string"
     "\",\"input\":1},{\"type\":\"string_type\",\"loc\":[\"body\",\"ls\",2],\"msg\":\"Input should be a valid str"
     "ing\",\"input\":null}]}"},
    {"{\"dt\":\"x\"}",
     "{\"detail\":[{\"type\":\"datetime_from_date_parsing\",\"loc\":[\"body\",\"dt\"],\"msg\":\"Input should be a"
     " valid datetime or date, input is too short\",\"input\":\"x\",\"ctx\":{\"error\":\"input is too short\"}}]}"},
    {"{\"dt\":1700000000}", ""},
    {"{\"dt\":true}",
     "{\"detail\":[{\"type\":\"datetime_type\",\"loc\":[\"body\",\"dt\"],\"msg\":\"Input should be a valid dateti"
     "me\",\"input\":true}]}"},
    {"{\"dt\":[]}",
     "{\"detail\":[{\"type\":\"datetime_type\",\"loc\":[\"body\",\"dt\"],\"msg\":\"Input should be a valid dateti"
     "me\",\"input\":[]}]}"},
    {"{\"dt\":\"2024-01-01T00:00:00\"}", ""},
    {"{\"adt\":\"2024-01-01T00:00:00\"}",
     "{\"detail\":[{\"type\":\"timezone_aware\",\"loc\":[\"body\",\"adt\"],\"msg\":\"Input should have timezone i"
     "nfo\",\"input\":\"2024-01-01T00:00:00\"}]}"},
    {"{\"adt\":\"2024-01-01\"}",
     "{\"detail\":[{\"type\":\"timezone_aware\",\"loc\":[\"body\",\"adt\"],\"msg\":\"Input should have timezone i"
     "nfo\",\"input\":\"2024-01-01\"}]}"},
    {"{\"adt\":null}", ""},
    {"{\"adt\":\"2024-01-01T00:00:00Z\"}", ""},
    {"{\"e\":\"zz\"}",
     "{\"detail\":[{\"type\":\"enum\",\"loc\":[\"body\",\"e\"],\"msg\":\"Input should be 'aa', 'bb' or 'cc'\",\"i"
     "nput\":\"zz\",\"ctx\":{\"expected\":\"'aa', 'bb' or 'cc'\"}}]}"},
    {"{\"e\":1}",
     "{\"detail\":[{\"type\":\"enum\",\"loc\":[\"body\",\"e\"],\"msg\":\"Input should be 'aa', 'bb' or 'cc'\",\"i"
     "nput\":1,\"ctx\":{\"expected\":\"'aa', 'bb' or 'cc'\"}}]}"},
    {"{\"e\":null}",
     "{\"detail\":[{\"type\":\"enum\",\"loc\":[\"body\",\"e\"],\"msg\":\"Input should be 'aa', 'bb' or 'cc'\",\"i"
     "nput\":null,\"ctx\":{\"expected\":\"'aa', 'bb' or 'cc'\"}}]}"},
    {"{\"so\":1}",
     "{\"detail\":[{\"type\":\"string_type\",\"loc\":[\"body\",\"so\"],\"msg\":\"Input should be a valid string\""
     ",\"input\":1}]}"},
    {"{\"so\":null}", ""},
    {"{\"lit\":\"q\"}",
     "{\"detail\":[{\"type\":\"literal_error\",\"loc\":[\"body\",\"lit\"],\"msg\":\"Input should be 'x' or 'y'\","
     "\"input\":\"q\",\"ctx\":{\"expected\":\"'x' or 'y'\"}}]}"},
    {"{\"st\":\"\"}",
     "{\"detail\":[{\"type\":\"string_too_short\",\"loc\":[\"body\",\"st\"],\"msg\":\"String should have at least"
     " 1 character\",\"input\":\"\",\"ctx\":{\"min_length\":1}}]}"},
    {"{\"st\":\"abcd\"}",
     "{\"detail\":[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"st\"],\"msg\":\"String should have at most 3"
     " characters\",\"input\":\"abcd\",\"ctx\":{\"max_length\":3}}]}"},
    {"{\"sub\":{\"x\":1,\"y\":2}}",
     "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"sub\",\"y\"],\"msg\":\"Extra inputs are not "
     "permitted\",\"input\":2}]}"},
    {"{\"sub\":{}}",
     "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"sub\",\"x\"],\"msg\":\"Field required\",\"input\":{}"
     "}]}"},
    {"{\"sub\":1}",
     "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\",\"sub\"],\"msg\":\"Input should be a val"
     "id dictionary or object to extract fields from\",\"input\":1}]}"},
    {"{\"sub\":{\"x\":\"q\"}}",
     "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"body\",\"sub\",\"x\"],\"msg\":\"Input should be a valid i"
     "nteger, unable to parse string as an integer\",\"input\":\"q\"}]}"},
    {"{\"zz\":1,\"s\":2}",
     "{\"detail\":[{\"type\":\"string_type\",\"loc\":[\"body\",\"s\"],\"msg\":\"Input should be a valid string\","
     "\"input\":2},{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"zz\"],\"msg\":\"Extra inputs are not permitt"
     "ed\",\"input\":1}]}"},
    {"{\"s\":\"a\"",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",8],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting ',' delimiter\"}}]}"},
    {"{\"s\":}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"s\":1,}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",7],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]}"},
    {"[1,",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",3],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"s\" 1}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting ':' delimiter\"}}]}"},
    {"{'s':1}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",1],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]}"},
    {"nul",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",0],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"s\":\"\\q\"}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",6],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Invalid \\\\escape\"}}]}"},
    {"{\"s\":\"a\nb\"}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",7],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Invalid control character at\"}}]}"},
    {"{\"a\":1}x",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",7],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Extra data\"}}]}"},
    {"x", "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",0],\"msg\":\"JSON decode error\",\"input\":{},\"c"
          "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"s\":\"abc",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Unterminated string starting at\"}}]}"},
    {"{\"a\"",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",4],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting ':' delimiter\"}}]}"},
    {"{\"a\":1",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",6],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting ',' delimiter\"}}]}"},
    {"{1:2}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",1],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]}"},
    {"[1 2]",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",3],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting ',' delimiter\"}}]}"},
    {"{\"s\":\"\\u12\"}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",7],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Invalid \\\\uXXXX escape\"}}]}"},
    {"-", "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",0],\"msg\":\"JSON decode error\",\"input\":{},\"c"
          "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"01", "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",1],\"msg\":\"JSON decode error\",\"input\":{},\"c"
           "tx\":{\"error\":\"Extra data\"}}]}"},
    {"{\"s\":tru}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\n\"s\": 1,\n}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",10],\"msg\":\"JSON decode error\",\"input\":{},\""
     "ctx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]}"},
    {"  ", "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",2],\"msg\":\"JSON decode error\",\"input\":{},\"c"
           "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"é\":x}",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Expecting value\"}}]}"},
    {"{\"s\":\"\\",
     "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",5],\"msg\":\"JSON decode error\",\"input\":{},\"c"
     "tx\":{\"error\":\"Unterminated string starting at\"}}]}"},
};

#endif
