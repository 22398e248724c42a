/* What the files about registered models share with each other and with search: how models and versions are written as
 * JSON, what is checked the same way everywhere, and the way to a promotion. */
#ifndef HK_API_MLFLOW_REGISTRY_H
#define HK_API_MLFLOW_REGISTRY_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/store/model_version_store.h"
#include "engine/store/promotion_store.h"

/* ---- registry_json.c ---- */

/* {"name": ..., "latest_versions": [...], "tags": [...], "aliases": [...]}, as a value; texts of the rows that it reads
 * are in the arena. */
HK_MUST_USE bool hk__ml_write_model(struct hk_json *w, struct hk_db *db, const struct hk_model_row *model,
                                    struct hk_arena *arena, struct hk_error *err);
/* In lists MLflow leaves the aliases out. */
HK_MUST_USE bool hk__ml_write_version(struct hk_json *w, struct hk_db *db, const struct hk_model_version_row *version,
                                      bool with_aliases, struct hk_error *err);
/* The highest version of each stage that has one, in the order in which the stages came to be used: by the lowest
 * number that is in each. */
struct hk__ml_latest {
    struct hk_model_version_row versions[HK_STAGE_COUNT];
    size_t count;
};
HK_MUST_USE bool hk__ml_find_latest(struct hk_db *db, const struct hk_model_row *model, struct hk_arena *arena,
                                    struct hk__ml_latest *out, struct hk_error *err);
/* {"registered_model": ...} and {"model_version": ...} as the answer. */
HK_MUST_USE bool hk__ml_answer_model(struct hk_db *db, const char *name, struct hk_arena *arena,
                                     struct hk_response *res, struct hk_error *err);
HK_MUST_USE bool hk__ml_answer_version(struct hk_db *db, const char *name, int64_t version, struct hk_arena *arena,
                                       struct hk_response *res, struct hk_error *err);

/* ---- aliases.c ---- */

/* "latest", in any case, is the version with the highest number. */
HK_MUST_USE bool hk__ml_find_by_alias(struct hk_db *db, const struct hk_request *req, const struct hk_model_row *model,
                                      struct hk_str alias, struct hk_model_version_row *out, bool *found,
                                      struct hk_error *err);

/* ---- registry_check.c ---- */

/* A request about a model or one of its versions; fields that a path does not have stay empty. */
struct hk__ml_model_call {
    const char *name;
    struct hk_str version_text;
    int64_t version;
    struct hk_str key;
    struct hk_str value;
    struct hk_promotion promotion; /* name, version, actor and time are filled in with them */
    int64_t now_ms;
};

enum { HK__ML_CALL_NAME = 0, HK__ML_CALL_VERSION = 1, HK__ML_CALL_KEY = 2 };

/* Opens the arguments and reads what the flags name. Rules about what was read are looked at by the finish, after all
 * types: that is the order of MLflow's mistakes. */
struct hk__ml_model_call *hk__ml_model_call_open(struct hk__ml_arguments *args, const struct hk_request *req,
                                                 int flags);
bool hk__ml_model_call_check(struct hk__ml_arguments *args, struct hk__ml_model_call *call, int flags,
                             struct hk_response *res);
void hk__ml_model_call_write(struct hk__ml_arguments *args, struct hk_response *res, struct hk__ml_model_call *call,
                             int flags,
                             bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err));
/* The same for one whose promotion is to be done: with what is to be looked at before (gate_calls.h). */
void hk__ml_model_call_promote(struct hk__ml_arguments *args, struct hk_response *res, struct hk__ml_model_call *call,
                               int flags,
                               bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err));
/* The tags of the arguments, checked as those of a model or of a version. */
struct hk_model_tag *hk__ml_model_tags(struct hk__ml_arguments *args, size_t *count);
bool hk__ml_tags_say_prompt(const struct hk_model_tag *tags, size_t count);
void hk__ml_check_model_tags(struct hk__ml_arguments *args, const struct hk_model_tag *tags, size_t count,
                             bool of_version);
/* A sentence of engine/registry becomes the mistake; NULL is none. */
void hk__ml_refuse(struct hk__ml_arguments *args, const char *sentence);

/* Tells webhooks that the call has set or deleted its tag. */
HK_MUST_USE bool hk__ml_tell_tag(struct hk_db *db, const struct hk__ml_model_call *call, int64_t model_key,
                                 bool was_set, struct hk_error *err);

const char *hk__ml_actor(const struct hk_request *req); /* NULL: nobody has a name */

/* The one way of this door to a promotion. *applied false: the failure has been written as the answer, and what was
 * written to the database beside it is to be kept. */
HK_MUST_USE bool hk__ml_promote(struct hk_db *db, struct hk__ml_write *write, const struct hk_promotion *promotion,
                                bool *applied, struct hk_error *err);

#endif
