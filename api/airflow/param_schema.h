/* DAG parameters against what a caller passes: JSON Schema as Airflow uses it (jsonschema's Draft 2020-12 validator),
 * with the very sentences that jsonschema writes. Known: type (also a list of types), enum, const, minimum, maximum,
 * exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, pattern, format (date, time, email, ipv4,
 * duration and uuid are checked; date-time is not: neither does Airflow as it is installed), items, minItems, maxItems,
 * uniqueItems, required, properties, additionalProperties, minProperties, maxProperties, anyOf, oneOf, allOf, not. Any
 * other keyword is passed over, as an unknown one is.
 *
 * Patterns are POSIX extended regular expressions with \d, \w, \s and their opposites; Python's look-around and lazy
 * repetition are not to be had, and a pattern that cannot be compiled is an error that says so. Pure; any thread. */
#ifndef HK_API_AIRFLOW_PARAM_SCHEMA_H
#define HK_API_AIRFLOW_PARAM_SCHEMA_H

#include <jansson.h>

#include "engine/base/buf.h"

/* params: {"n": {"value": 3, "schema": {...}, ...}} as graphs keep them; conf: what the caller passes, which wins over
 * the defaults. false: why holds "Invalid input for param n: 99 is greater than ...". */
bool hk__params_check(const json_t *params, const json_t *conf, struct hk_buf *why);

/* One value against one schema. */
bool hk__schema_check(const json_t *schema, const json_t *value, struct hk_buf *why);

#endif
