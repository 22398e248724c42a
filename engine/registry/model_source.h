/* Where a version's files are said to be: the `source` of model-versions/create, taken apart and checked by the rules
 * of MLflow's server with its sentences. A source that the server would read for everybody who asks (an artifact of
 * its own, a folder of its machine) must belong to the run or the logged model that the version is said to be of;
 * no source may lead out of where it points by ".."; and none may make the server call a stranger's host.
 *
 *     mistake = hk_model_source_read(arena, text, &source)
 *     if source.kind is one of the registry's: look it up, and go on with what it is a copy of
 *     mistake = hk_model_source_check(arena, &source, &owner)
 *
 * Sentences are made in the arena; NULL: nothing is wrong. Pure. */
#ifndef HK_REGISTRY_MODEL_SOURCE_H
#define HK_REGISTRY_MODEL_SOURCE_H

#include <stdbool.h>

#include "engine/base/arena.h"

enum hk_source_kind {
    HK_SOURCE_LOCAL,        /* /path, file:///path: on the server's machine */
    HK_SOURCE_RUN,          /* runs:/RUN_ID/path */
    HK_SOURCE_PROXIED,      /* mlflow-artifacts:/path */
    HK_SOURCE_ELSEWHERE,    /* s3://bucket/path: the client reads it itself */
    HK_SOURCE_LOGGED_MODEL, /* models:/m-... */
    HK_SOURCE_VERSION,      /* models:/NAME/3 */
    HK_SOURCE_STAGE,        /* models:/NAME/Production */
    HK_SOURCE_LATEST,       /* models:/NAME/latest */
    HK_SOURCE_ALIAS,        /* models:/NAME@ALIAS */
    HK_SOURCE_MALFORMED,    /* models:/, which names nothing */
};

struct hk_model_source {
    enum hk_source_kind kind;
    const char *text;
    const char *path;   /* of its URI */
    struct hk_str host; /* empty: none is named */
    const char *id;     /* of the run or of the logged model */
    const char *name;   /* of the registered model */
    const char *which;  /* the version's number, the stage or the alias */
};

/* Whom the version is said to be of; the kind of its id decides which rules hold. */
struct hk_source_owner {
    bool is_logged_model; /* else a run */
    const char *id;       /* NULL or empty: nobody is named */
    const char *root;     /* where its artifacts are; NULL: there is no such run or model */
};

const char *hk_model_source_read(struct hk_arena *arena, struct hk_str text, struct hk_model_source *out);
bool hk_model_source_is_of_registry(const struct hk_model_source *source);
const char *hk_model_source_check(struct hk_arena *arena, const struct hk_model_source *source,
                                  const struct hk_source_owner *owner);
/* Whether it is the place of the root, or a place below it. */
bool hk_model_source_is_within(struct hk_arena *arena, const struct hk_model_source *source, const char *root);
/* Whether the check wants to know the owner's root. */
bool hk_model_source_needs_root(const struct hk_model_source *source);

/* "Invalid model version source: '...'. The run_id request parameter must identify the resource that ..." */
const char *hk_model_source_not_of(struct hk_arena *arena, const struct hk_model_source *source, const char *parameter);

/* A prompt has no files; its client puts a word there. */
const char *hk_prompt_source_mistake(struct hk_arena *arena, struct hk_str source);

#endif
