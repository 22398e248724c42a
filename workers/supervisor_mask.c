/* MaskSecret: the task has learnt something that must not be seen in its log. It says so itself for the password and
 * the extra of every connection it is given, and for variables, beside what its author calls mask_secret with. Which
 * parts of a value count is decided as in the SDK's SecretsMasker.add_mask. */
#include <strings.h>

#include "engine/base/json.h"
#include "engine/base/sensitive.h"
#include "workers/supervisor_internal.h"

enum { LEAST_CHARACTERS = 5 }; /* Airflow's min_length_masked_secret: a shorter one would black out ordinary words */

static bool is_worth_hiding(struct hk_str secret)
{
    size_t characters = 0;
    for (size_t i = 0; i < secret.len; i++) {
        characters += ((unsigned char)secret.data[i] & 0xC0) != 0x80;
    }
    return characters >= LEAST_CHARACTERS && !(secret.len == 7 && strncasecmp(secret.data, "airflow", 7) == 0);
}

/* name NULL: it is secret whatever it is called. Nesting is limited by whoever parsed the value. */
static void mask(const struct hk__session *session, const json_t *value, const char *name)
{
    const struct hk_python_port *port = &session->supervisor->options.port;
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        mask(session, member, *key != '\0' ? key : NULL);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        mask(session, json_array_get(value, i), name);
    }
    struct hk_str text = {json_string_value(value), json_string_length(value)};
    if (text.data != NULL && is_worth_hiding(text) && (name == NULL || hk_name_is_sensitive(hk_str_from(name)))) {
        port->mask(port->context, &session->key, text);
    }
}

void hk__request_mask(struct hk__request *request)
{
    const char *name = hk_json_get_text(request->body, "name", "");
    mask(request->session, json_object_get(request->body, "value"), *name != '\0' ? name : NULL);
    hk__request_ok(request);
}
