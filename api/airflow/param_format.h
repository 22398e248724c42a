/* Patterns and formats of JSON Schema strings; see param_schema.h for what is known. Pure. */
#ifndef HK_API_AIRFLOW_PARAM_FORMAT_H
#define HK_API_AIRFLOW_PARAM_FORMAT_H

#include "engine/base/str.h"

enum hk__match { HK__MATCH_NO, HK__MATCH_YES, HK__MATCH_UNKNOWN };

/* Python's re.search, as far as POSIX extended expressions go; UNKNOWN when the pattern cannot be compiled. */
enum hk__match hk__pattern_match(const char *pattern, const char *text);

/* Formats that jsonschema checks as installed with Airflow: date, time, email, ipv4, uuid, duration; others fit. */
bool hk__format_fits(const char *format, struct hk_str text);

#endif
