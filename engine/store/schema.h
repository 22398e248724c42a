/* The numbered migrations of engine/store/schema/, embedded by the build (schema.cmake). Migration n turns version n
 * into n + 1; they are never changed once released. */
#ifndef HK_STORE_SCHEMA_H
#define HK_STORE_SCHEMA_H

enum { HK_SCHEMA_COUNT = 22 };
extern const char *const hk_schema_sql[HK_SCHEMA_COUNT];

#endif
