/* What validate.c (query, path, the list of mistakes) and validate_body.c (JSON bodies) share: reading one text as
 * pydantic's lax mode does, and adding a mistake. Nobody else includes this. */
#ifndef HK_HTTP_VALIDATE_PRIVATE_H
#define HK_HTTP_VALIDATE_PRIVATE_H

#include "api/http/validate.h"

/* A place: `loc` is the inside of the JSON list ("\"body\",\"note\""), `input` the offending value as JSON. */
struct hk_place {
    struct hk_validation *v;
    struct hk_str loc;
    struct hk_str input;
};

void hk_mistake_add(const struct hk_place *place, const char *type, const char *message, struct hk_str ctx_json);
void hk_validation_write(const struct hk_validation *v, struct hk_response *res);
struct hk_str hk_loc_add(struct hk_arena *arena, struct hk_str loc, const char *name);
struct hk_str hk_loc_add_index(struct hk_arena *arena, struct hk_str loc, size_t index);
struct hk_str hk_json_of_text(struct hk_arena *arena, struct hk_str text);

/* Each reads `text` or adds the mistake; false after a mistake. */
bool hk_lax_int(const struct hk_place *place, struct hk_str text, int64_t *out);
bool hk_lax_double(const struct hk_place *place, struct hk_str text, double *out);
bool hk_lax_bool(const struct hk_place *place, struct hk_str text, bool *out);
bool hk_lax_datetime(const struct hk_place *place, struct hk_str text, bool *has_zone, int64_t *out);
bool hk_lax_timestamp(double seconds, int64_t *out);
bool hk_check_range(const struct hk_place *place, const struct hk_int_rule *rule, int64_t value);
int hk_pick_name(const struct hk_place *place, struct hk_str text, const char *const *names, const char *type);

/* Where Python's json module gives up on `text`: the character's index and its message. false: it would not. */
bool hk_json_diagnose(struct hk_str text, size_t *character, const char **message);

#endif
