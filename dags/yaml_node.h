/* YAML text as a tree, as Python's PyYAML (FullLoader) and dag-factory understand it.
 *
 * libyaml gives the events; here they become nodes with YAML 1.1's meaning of plain scalars (yes, 017, 1:30,
 * 2024-01-01, ~), anchors, merge keys (<<) and the line each node began on. Aliases share their node, so an "alias
 * bomb" costs nothing to read; what it would unfold to is counted and limited (HK_MAX_YAML_NODES, HK_MAX_NESTING), so a
 * walk over the tree is always affordable and may recurse. Unlike PyYAML, a key that is given twice in one mapping is
 * refused, since one of the two would silently be lost. Nodes live in the caller's arena. One thread at a time per
 * arena.
 *
 *     struct hk_yaml_node *root;
 *     if (!hk_yaml_parse(&arena, text, "etl.yaml", &root, err)) ...   ("etl.yaml:12: ...")
 *     const struct hk_yaml_node *tasks = hk_yaml_find(root, "tasks");
 */
#ifndef HK_DAGS_YAML_NODE_H
#define HK_DAGS_YAML_NODE_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/str.h"

enum hk_yaml_kind {
    HK_YAML_NULL,
    HK_YAML_BOOL,
    HK_YAML_INT,
    HK_YAML_FLOAT,
    HK_YAML_TEXT,
    HK_YAML_DATE, /* 2024-01-01 */
    HK_YAML_TIME, /* 2024-01-01 06:00:00 */
    HK_YAML_LIST,
    HK_YAML_MAP,
    HK_YAML_OBJECT, /* {__type__: datetime.timedelta, days: 1}; made by hk_yaml_cast */
};

struct hk_yaml_node;

struct hk_yaml_pair {
    struct hk_yaml_node *key;
    struct hk_yaml_node *value;
};

struct hk_yaml_node {
    enum hk_yaml_kind kind;
    uint32_t line;      /* from 1 */
    uint32_t weight;    /* nodes from here down, aliases unfolded */
    uint16_t depth;     /* levels from here down; 1 for a scalar */
    bool is_open;       /* while it is read: an alias to it would be a circle. Of a text: a plain << or = */
    bool is_cast;       /* hk_yaml_cast was here */
    bool is_big;        /* an integer that 64 bits do not hold: only its text is kept */
    bool has_zone;      /* a time that was written with an offset */
    struct hk_str text; /* a scalar as written; an object's dotted type. NUL-terminated */
    union {
        bool truth;
        int64_t integer;
        double real;
        struct {
            int64_t wall_us;        /* the fields as written, read as UTC */
            int32_t offset_seconds; /* of has_zone */
        } time;
        struct {
            struct hk_yaml_node **items; /* of a list; an object's __args__ */
            size_t item_count;
            struct hk_yaml_pair *pairs; /* of a map; an object's keyword arguments. Keys are scalars */
            size_t pair_count;
        } in;
    } as;
};

/* The whole text as one document; *out is never NULL on success (an empty text is a null). HK_INVALID with
 * "<name>:<line>: ...", HK_LIMIT. */
HK_MUST_USE bool hk_yaml_parse(struct hk_arena *arena, struct hk_str text, const char *name, struct hk_yaml_node **out,
                               struct hk_error *err);

/* dag-factory's own notation, in place and in everything below: {__type__: a.b.C, ...} becomes an object (builtins.list
 * a list), {__join__: [...]} a text, {__and__: [...]} and {__or__: [...]} the text of an expression. */
HK_MUST_USE bool hk_yaml_cast(struct hk_arena *arena, struct hk_yaml_node *node, const char *name,
                              struct hk_error *err);

/* The value of a text key of a map (or object); NULL when absent or not a map. */
struct hk_yaml_node *hk_yaml_find(const struct hk_yaml_node *map, const char *key);

/* The same, but a null counts as absent. */
struct hk_yaml_node *hk_yaml_get(const struct hk_yaml_node *map, const char *key);

bool hk_yaml_is_text(const struct hk_yaml_node *node, const char *text); /* false for NULL */

/* Whether the text is one of the words, which end with a NULL. */
bool hk__yaml_is_listed(struct hk_str text, const char *const *words);

/* "a number", "a list" ...: for messages. */
const char *hk_yaml_kind_name(enum hk_yaml_kind kind);

/* Writes str(value) as Python would; false for lists, maps and objects. */
bool hk_yaml_print(const struct hk_yaml_node *node, struct hk_buf *out);

/* Writes the tree as JSON; times become ISO 8601 texts, objects {"__type__": ...} again. */
void hk_yaml_write_json(const struct hk_yaml_node *node, struct hk_json *w);

#endif
