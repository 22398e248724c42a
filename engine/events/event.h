/* What has happened, as a value: the rows of the outbox. An event is written in the transaction that makes it true
 * (engine/store/event_store.h), so that there is none about something that did not happen, and nothing that happened
 * is without one. Whoever acts on events (asset schedules, webhooks, a Kafka topic) reads them in the order of their
 * sequence numbers and keeps a cursor.
 *
 * Pure values: no clock, no database. Any thread.
 *
 *     subject   what it is about: a model's name, a DAG's id
 *     payload   a JSON object, whose members belong to the kind:
 *       model_version_created         model, version, run_id
 *       model_version_stage_changed   model, version, from, to, comment
 *       model_alias_set               model, version, alias, previous_version (null: nobody held it), comment
 *       model_alias_deleted           model, alias, previous_version, comment
 *       dag_run_ended                 dag_id, run_id, run_type, state, logical_date
 */
#ifndef HK_EVENTS_EVENT_H
#define HK_EVENTS_EVENT_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/str.h"

enum hk_event_kind {
    HK_EVENT_MODEL_VERSION_CREATED,
    HK_EVENT_MODEL_STAGE_CHANGED,
    HK_EVENT_MODEL_ALIAS_SET,
    HK_EVENT_MODEL_ALIAS_DELETED,
    HK_EVENT_RUN_ENDED,
    HK_EVENT_KIND_COUNT
};

/* "model_alias_set" ...: as in the database, where it outlives this program. */
const char *hk_event_kind_name(enum hk_event_kind kind);
bool hk_event_kind_find(struct hk_str name, enum hk_event_kind *out);

struct hk_event {
    int64_t sequence; /* given by the store */
    enum hk_event_kind kind;
    const char *subject;
    const char *actor; /* who did it: a user's name; NULL: nobody but the engine */
    const char *payload_json;
    int64_t happened_us;
};

/* Something about a registered model; what the kind does not have is NULL or 0. */
struct hk_model_event {
    enum hk_event_kind kind;
    const char *model;
    int64_t version;
    int64_t previous_version; /* that held the alias; 0: none did */
    const char *target;       /* the alias, or the stage that the version is in from now on */
    const char *from_stage;   /* the stage it leaves */
    const char *run_id;       /* the MLflow run that the version comes from */
    const char *comment;
    const char *actor;
    int64_t happened_us;
};

/* The row for it; texts are in the arena, or the model event's own. */
struct hk_event hk_event_of_model(const struct hk_model_event *e, struct hk_arena *arena);

/* The asset that stands for a promotion target, on which DAGs can be scheduled: "model://NAME@ALIAS" for an alias and
 * "model://NAME/STAGE" for a stage. NULL for kinds that move no version to a target. */
const char *hk_event_model_asset(const struct hk_model_event *e, struct hk_arena *arena);

/* A DAG run that has ended. */
struct hk_run_event_text {
    const char *dag_id;
    const char *run_id;
    const char *run_type;
    const char *state; /* "success", "failed" */
    int64_t logical_us;
    int64_t ended_us;
};
struct hk_event hk_event_of_run(const struct hk_run_event_text *e, struct hk_arena *arena);

#endif
