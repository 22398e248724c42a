#include "engine/state/model_stage.h"

#include <strings.h>

#include "engine/base/error.h"

#define S(stage) (1u << HK_STAGE_##stage)
#define ALIVE (S(NONE) | S(STAGING) | S(PRODUCTION) | S(ARCHIVED))

static const struct {
    enum hk_stage_event event;
    unsigned from;
    enum hk_model_stage to;
    enum hk_stage_effect effect;
} table[] = {
    {HK_STAGE_ON_RESET, ALIVE, HK_STAGE_NONE, HK_STAGE_DOES_NOTHING},
    {HK_STAGE_ON_STAGE, ALIVE, HK_STAGE_STAGING, HK_STAGE_MAY_DISPLACE},
    {HK_STAGE_ON_PROMOTE, ALIVE, HK_STAGE_PRODUCTION, HK_STAGE_MAY_DISPLACE},
    {HK_STAGE_ON_ARCHIVE, ALIVE, HK_STAGE_ARCHIVED, HK_STAGE_DOES_NOTHING},
    {HK_STAGE_ON_DISPLACE, S(STAGING) | S(PRODUCTION), HK_STAGE_ARCHIVED, HK_STAGE_DOES_NOTHING},
    {HK_STAGE_ON_DELETE, ALIVE, HK_STAGE_DELETED, HK_STAGE_DROPS_ALIASES},
};

static const char *const stage_names[HK_STAGE_COUNT] = {
    [HK_STAGE_NONE] = "None",         [HK_STAGE_STAGING] = "Staging",          [HK_STAGE_PRODUCTION] = "Production",
    [HK_STAGE_ARCHIVED] = "Archived", [HK_STAGE_DELETED] = "Deleted_Internal",
};

static const char *const event_names[HK_STAGE_EVENT_COUNT] = {
    [HK_STAGE_ON_RESET] = "reset",     [HK_STAGE_ON_STAGE] = "stage",       [HK_STAGE_ON_PROMOTE] = "promote",
    [HK_STAGE_ON_ARCHIVE] = "archive", [HK_STAGE_ON_DISPLACE] = "displace", [HK_STAGE_ON_DELETE] = "delete",
};

bool hk_model_stage_next(enum hk_model_stage stage, enum hk_stage_event event, enum hk_model_stage *next,
                         enum hk_stage_effect *effect)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].event == event && (table[i].from & (1u << stage)) != 0) {
            *next = table[i].to;
            *effect = table[i].effect;
            return true;
        }
    }
    return false;
}

enum hk_stage_event hk_model_stage_request(enum hk_model_stage wanted)
{
    HK_ASSERT(wanted < HK_STAGE_DELETED);
    static const enum hk_stage_event asking[] = {
        [HK_STAGE_NONE] = HK_STAGE_ON_RESET,
        [HK_STAGE_STAGING] = HK_STAGE_ON_STAGE,
        [HK_STAGE_PRODUCTION] = HK_STAGE_ON_PROMOTE,
        [HK_STAGE_ARCHIVED] = HK_STAGE_ON_ARCHIVE,
    };
    return asking[wanted];
}

const char *hk_model_stage_name(enum hk_model_stage stage)
{
    HK_ASSERT(stage < HK_STAGE_COUNT);
    return stage_names[stage];
}

bool hk_model_stage_find(struct hk_str name, enum hk_model_stage *out)
{
    for (int i = 0; i < HK_STAGE_DELETED; i++) {
        struct hk_str known = hk_str_from(stage_names[i]);
        if (known.len == name.len && strncasecmp(known.data, name.data, name.len) == 0) {
            *out = (enum hk_model_stage)i;
            return true;
        }
    }
    return false;
}

bool hk_model_stage_read(struct hk_str name, enum hk_model_stage *out)
{
    for (int i = 0; i < HK_STAGE_COUNT; i++) {
        if (hk_str_is(name, stage_names[i])) {
            *out = (enum hk_model_stage)i;
            return true;
        }
    }
    return false;
}

const char *hk_stage_event_name(enum hk_stage_event event)
{
    HK_ASSERT(event < HK_STAGE_EVENT_COUNT);
    return event_names[event];
}
