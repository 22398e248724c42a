/* Values that must not be seen: those under a name that speaks of a secret (engine/base/sensitive.h). Also writes JSON
 * as Python's json.dumps does, which is how Airflow shows what it redacted. */
#ifndef HK_API_AIRFLOW_REDACT_H
#define HK_API_AIRFLOW_REDACT_H

#include <jansson.h>

#include "engine/base/buf.h"

/* A new tree; name data NULL: none. */
json_t *hk__redact(const json_t *value, struct hk_str name);
void hk__python_json(struct hk_buf *out, const json_t *value);

#endif
