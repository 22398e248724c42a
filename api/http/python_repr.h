/* A JSON value as Python's repr() writes the object that json.loads makes of it; pydantic's texts quote inputs so. */
#ifndef HK_HTTP_PYTHON_REPR_H
#define HK_HTTP_PYTHON_REPR_H

#include <jansson.h>

#include "engine/base/buf.h"

/* Longer than `most` characters (0: no limit): the middle is replaced by "...", as pydantic does. */
void hk_python_repr(struct hk_buf *out, const json_t *value, size_t most);
const char *hk_python_type(const json_t *value); /* "dict", "str", "NoneType", ... */
void hk_python_repr_text(struct hk_buf *out, struct hk_str text);

#endif
