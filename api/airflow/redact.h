/* Values that must not be seen: those under a name that speaks of a secret ("password", "api_key", ...), with Airflow's
 * list of such names. Also writes JSON as Python's json.dumps does, which is how Airflow shows what it redacted. */
#ifndef HK_API_AIRFLOW_REDACT_H
#define HK_API_AIRFLOW_REDACT_H

#include <jansson.h>

#include "engine/base/buf.h"

bool hk__is_sensitive(struct hk_str name);
/* A new tree; name data NULL: none. */
json_t *hk__redact(const json_t *value, struct hk_str name);
void hk__python_json(struct hk_buf *out, const json_t *value);

#endif
