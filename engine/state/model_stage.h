/* The life of a model version: one table says which event leads from which stage to which. Nobody else assigns a stage:
 * engine/store/promotion_store.h asks hk_model_stage_next and writes the result only `WHERE stage = <from>`. Pure.
 *
 * Stages and names are MLflow's. Any stage may be asked for from any other, and from itself; a deleted version is no
 * more than a number that is never used again. */
#ifndef HK_STATE_MODEL_STAGE_H
#define HK_STATE_MODEL_STAGE_H

#include <stdbool.h>

#include "engine/base/str.h"

enum hk_model_stage {
    HK_STAGE_NONE,
    HK_STAGE_STAGING,
    HK_STAGE_PRODUCTION,
    HK_STAGE_ARCHIVED,
    HK_STAGE_DELETED, /* "Deleted_Internal": no client ever sees it */
    HK_STAGE_COUNT
};

enum hk_stage_event {
    HK_STAGE_ON_RESET,    /* back to no stage at all */
    HK_STAGE_ON_STAGE,    /* to be tried */
    HK_STAGE_ON_PROMOTE,  /* to be used */
    HK_STAGE_ON_ARCHIVE,  /* no longer to be used */
    HK_STAGE_ON_DISPLACE, /* another version was moved into this one's stage, to be alone there */
    HK_STAGE_ON_DELETE,
    HK_STAGE_EVENT_COUNT
};

/* What is to be done besides, in the same transaction. */
enum hk_stage_effect {
    HK_STAGE_DOES_NOTHING = 0,
    HK_STAGE_MAY_DISPLACE = 1, /* others may be moved out of the way (archive_existing_versions) */
    HK_STAGE_DROPS_ALIASES = 2 /* the version's aliases go */
};

bool hk_model_stage_next(enum hk_model_stage stage, enum hk_stage_event event, enum hk_model_stage *next,
                         enum hk_stage_effect *effect);
/* The event that asks for a stage; not for HK_STAGE_DELETED. */
enum hk_stage_event hk_model_stage_request(enum hk_model_stage wanted);

const char *hk_model_stage_name(enum hk_model_stage stage); /* "None", "Staging" ... */
/* Upper and lower case are the same; the deleted stage is not found. */
bool hk_model_stage_find(struct hk_str name, enum hk_model_stage *out);
/* As the database has it, HK_STAGE_DELETED among them. */
bool hk_model_stage_read(struct hk_str name, enum hk_model_stage *out);
const char *hk_stage_event_name(enum hk_stage_event event);

#endif
