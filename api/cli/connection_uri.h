/* A connection as one URI, as Airflow writes and reads it ("postgres://user:secret@host:5432/schema?sslmode=require"),
 * and as a JSON object with the fields conn_type, host, login, password, schema, port and extra (text). Pure. */
#ifndef HK_CLI_CONNECTION_URI_H
#define HK_CLI_CONNECTION_URI_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Absent parts are null. A new reference; NULL with HK_INVALID. */
json_t *hk_connection_uri_read(const char *uri, struct hk_error *err);
void hk_connection_uri_write(const json_t *connection, struct hk_buf *out);

#endif
