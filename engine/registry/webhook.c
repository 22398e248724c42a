#include "engine/registry/webhook.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

const struct hk_webhook_event hk_webhook_events[HK_WEBHOOK_EVENTS] = {
    {"registered_model", "created"},
    {"model_version", "created"},
    {"model_version_tag", "set"},
    {"model_version_tag", "deleted"},
    {"model_version_alias", "created"},
    {"model_version_alias", "deleted"},
    {"prompt", "created"},
    {"prompt_version", "created"},
    {"prompt_tag", "set"},
    {"prompt_tag", "deleted"},
    {"prompt_version_tag", "set"},
    {"prompt_version_tag", "deleted"},
    {"prompt_alias", "created"},
    {"prompt_alias", "deleted"},
};

static const char *const entities[] = {
    NULL,           "registered_model", "model_version", "model_version_tag",  "model_version_alias",
    "prompt",       "prompt_version",   "prompt_tag",    "prompt_version_tag", "prompt_alias",
    "budget_policy"};
static const char *const actions[] = {NULL, "created", "updated", "deleted", "set", "exceeded"};

const char *hk_webhook_entity_name(size_t number)
{
    return number < sizeof entities / sizeof entities[0] ? entities[number] : NULL;
}

const char *hk_webhook_action_name(size_t number)
{
    return number < sizeof actions / sizeof actions[0] ? actions[number] : NULL;
}

static bool is_name(const char *name, struct hk_str text)
{
    return strlen(name) == text.len && strncasecmp(name, text.data, text.len) == 0;
}

const char *hk_webhook_event_find(struct hk_arena *arena, struct hk_str entity, struct hk_str action, size_t *out)
{
    const char *valid = "";
    const char *known = NULL;
    for (size_t i = 0; i < HK_WEBHOOK_EVENTS; i++) {
        const struct hk_webhook_event *event = &hk_webhook_events[i];
        if (!is_name(event->entity, entity)) {
            continue;
        }
        if (is_name(event->action, action)) {
            *out = i;
            return NULL;
        }
        /* In alphabetical order, which the table has backwards. */
        known = event->entity;
        valid = hk_arena_printf(arena, "'%s'%s%s", event->action, valid[0] != '\0' ? ", " : "", valid);
    }
    if (is_name("budget_policy", entity)) {
        return "Webhooks about 'budget_policy' are not supported: there are no budget policies here.";
    }
    if (known == NULL) {
        return hk_arena_printf(arena, "Invalid entity '%.*s' of a webhook event.", HK_STR_ARG(entity));
    }
    char *lower = hk_arena_strdup(arena, hk_arena_str(arena, action).data);
    for (char *c = lower; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return hk_arena_printf(arena, "Invalid action '%s' for entity '%s'. Valid actions are: [%s]", lower, known, valid);
}

const char *hk_webhook_name_mistake(struct hk_arena *arena, struct hk_str name)
{
    bool ok = name.len > 0 && name.len <= 63 && isalnum((unsigned char)name.data[0]) &&
              isalnum((unsigned char)name.data[name.len - 1]);
    for (size_t i = 0; i < name.len && ok; i++) {
        ok = isalnum((unsigned char)name.data[i]) || (name.data[i] != '\0' && strchr("._-", name.data[i]) != NULL);
    }
    return ok ? NULL
              : hk_arena_printf(arena,
                                "Webhook name '%.*s' is invalid. It must start and end with a letter or digit, be less "
                                "than 63 characters long, and contain only letters, digits, dots (.), underscores (_), "
                                "and hyphens (-).",
                                HK_STR_ARG(name));
}

static bool is_listed(const char *list, struct hk_str word)
{
    struct hk_str rest = hk_str_from(list);
    struct hk_str item;
    while (hk_str_next(&rest, ',', &item)) {
        item = hk_str_trim(item);
        if (item.len > 0 && item.len == word.len && strncasecmp(item.data, word.data, word.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Of "user:password@[::1]:8443": "::1". */
static struct hk_str host_of(struct hk_str authority)
{
    for (size_t i = authority.len; i > 0; i--) {
        if (authority.data[i - 1] == '@') {
            authority = (struct hk_str){authority.data + i, authority.len - i};
            break;
        }
    }
    bool is_bracketed = authority.len > 0 && authority.data[0] == '[';
    struct hk_str host = is_bracketed ? (struct hk_str){authority.data + 1, authority.len - 1} : authority;
    const char *end = host.len > 0 ? memchr(host.data, is_bracketed ? ']' : ':', host.len) : NULL;
    host.len = end != NULL ? (size_t)(end - host.data) : host.len;
    return host;
}

const char *hk_webhook_url_mistake(struct hk_arena *arena, struct hk_str url, const char *schemes, const char **host)
{
    struct hk_str trimmed = hk_str_trim(url);
    if (trimmed.len == 0) {
        return hk_arena_printf(arena, "Webhook URL cannot be empty or just whitespace: '%.*s'", HK_STR_ARG(url));
    }
    size_t colon = 0;
    while (colon < url.len && (isalnum((unsigned char)url.data[colon]) || memchr("+.-", url.data[colon], 3) != NULL)) {
        colon++;
    }
    struct hk_str scheme = {url.data, colon < url.len && url.data[colon] == ':' ? colon : 0};
    if (!is_listed(schemes, scheme)) {
        return hk_arena_printf(arena, "Invalid webhook URL scheme: '%.*s'. Allowed schemes are: %s.",
                               HK_STR_ARG(scheme), schemes);
    }
    struct hk_str rest = {url.data + colon + 1, url.len - colon - 1};
    struct hk_str found = {0};
    if (hk_str_starts_with(rest, "//")) {
        size_t len = 2;
        while (len < rest.len && memchr("/?#\\", rest.data[len], 4) == NULL) {
            len++;
        }
        found = host_of((struct hk_str){rest.data + 2, len - 2});
    }
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.data[i] <= ' ') {
            found.len = 0; /* what it means depends on who reads it */
        }
    }
    if (found.len == 0) {
        return hk_arena_printf(arena, "Webhook URL must include a hostname: '%.*s'", HK_STR_ARG(url));
    }
    *host = hk_arena_str(arena, found).data;
    return NULL;
}

/* ---- addresses ---- */

static const struct {
    uint32_t network;
    unsigned bits;
} closed4[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
    {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof closed4 / sizeof closed4[0]; i++) {
        if ((address ^ closed4[i].network) >> (32 - closed4[i].bits) == 0) {
            return false;
        }
    }
    return true;
}

static uint32_t word(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

/* Only 2000::/3 is given out to anybody; parts of it stand for an IPv4 address or for nobody. */
static bool is_public6(const unsigned char a[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0) {
        return is_public4(word(a + 12));
    }
    if (a[0] == 0x20 && a[1] == 0x02) {
        return is_public4(word(a + 2)); /* 6to4 */
    }
    bool is_special = a[0] == 0x20 && a[1] == 0x01 && (a[2] < 0x02 || (a[2] == 0x0D && a[3] == 0xB8));
    bool is_example = a[0] == 0x3F && a[1] == 0xFF && a[2] < 0x10;
    return (a[0] & 0xE0) == 0x20 && !is_special && !is_example;
}

bool hk_address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
