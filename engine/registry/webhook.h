/* Webhooks as values: which events there are, what a webhook may be called, and which hosts may be called. Sentences
 * are made in the arena; NULL: nothing is wrong. Pure. */
#ifndef HK_REGISTRY_WEBHOOK_H
#define HK_REGISTRY_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

struct sockaddr;

/* "model_version", "created": as in the body of a delivery. MLflow's API writes both in capitals, or as the numbers of
 * its protocol. */
struct hk_webhook_event {
    const char *entity;
    const char *action;
};

enum { HK_WEBHOOK_EVENTS = 14 };
extern const struct hk_webhook_event hk_webhook_events[HK_WEBHOOK_EVENTS];

/* Index into hk_webhook_events. */
const char *hk_webhook_event_find(struct hk_arena *arena, struct hk_str entity, struct hk_str action, size_t *out);
/* The names behind the numbers of the protocol; NULL: there is none. */
const char *hk_webhook_entity_name(size_t number);
const char *hk_webhook_action_name(size_t number);

const char *hk_webhook_name_mistake(struct hk_arena *arena, struct hk_str name);

/* schemes: "https" or "http,https". *host is a copy in the arena, without the brackets of an IPv6 address. */
const char *hk_webhook_url_mistake(struct hk_arena *arena, struct hk_str url, const char *schemes, const char **host);

/* Whether an address is one of the internet's: not this machine, its networks, or others that nobody outside has. */
bool hk_address_is_public(const struct sockaddr *address);

#endif
