/* How Python prints the values that a schema error quotes: pprint.pformat at a width of 72, indented by 4. Strings are
 * not wrapped, which is the one difference. */
#ifndef HK_API_AIRFLOW_PARAM_TEXT_H
#define HK_API_AIRFLOW_PARAM_TEXT_H

#include <jansson.h>

#include "engine/base/buf.h"

void hk__python_pformat(struct hk_buf *out, const json_t *value);
void hk__python_repr(struct hk_buf *out, const json_t *value);

#endif
