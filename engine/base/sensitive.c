#include "engine/base/sensitive.h"

#include <string.h>

/* DEFAULT_SENSITIVE_FIELDS of Airflow 3.3.2. */
static const char *const fields[] = {
    "access_key",    "access_token", "api_key",           "apikey",      "auth_header",
    "authorization", "bearer",       "connection_string", "dsn",         "passphrase",
    "passwd",        "password",     "private_key",       "proxy",       "proxy_password",
    "proxies",       "secret",       "service_account",   "service_key", "token",
    "keyfile_dict",  "webhook_url",
};

/* What Python's \w takes in lower-cased text; of characters beyond ASCII all. */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the name goes on with field at `at`, when every run of what is not a word counts as one '_'. */
static bool goes_on(struct hk_str name, size_t at, const char *field)
{
    for (; *field != '\0'; field++) {
        if (at >= name.len) {
            return false;
        }
        char c = lower(name.data[at++]);
        if (!is_word(c)) {
            c = '_';
            while (at < name.len && !is_word(lower(name.data[at]))) {
                at++;
            }
        }
        if (c != *field) {
            return false;
        }
    }
    return true;
}

bool hk_name_is_sensitive(struct hk_str name)
{
    name = hk_str_trim(name);
    for (size_t at = 0; at < name.len; at++) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            if (goes_on(name, at, fields[i])) {
                return true;
            }
        }
    }
    return false;
}
