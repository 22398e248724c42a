/* Paths of artifacts as they come from outside: "1/4c…/artifacts/model/MLmodel", always relative to where artifacts
 * lie. Clients percent-encode them, some of them twice, so they are decoded until nothing changes; what would lead out
 * of the folder then is refused, whatever it looked like before. Pure. */
#ifndef HK_ARTIFACTS_ARTIFACT_PATH_H
#define HK_ARTIFACTS_ARTIFACT_PATH_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_artifact_path {
    struct hk_str text;   /* decoded, control characters written as "%0a" */
    struct hk_str normal; /* without empty and "." segments; this is what a store is asked for. Empty: the root */
};

/* What is being written while it is not whole; no artifact has such a name. */
#define HK_ARTIFACT_TEMPORARY ".artifact.uploading."

/* HK_INVALID "Invalid path", as MLflow says: "..", an absolute path (of Windows, too), '#', "file:", bytes that are not
 * UTF-8, one that is encoded more than ten times over. HK_LIMIT: too long or too deep. */
HK_MUST_USE bool hk_artifact_path_read(struct hk_str text, struct hk_arena *arena, struct hk_artifact_path *out,
                                       struct hk_error *err);
/* The same for one that is to be written to: it must be a name, and be normal as it stands. */
HK_MUST_USE bool hk_artifact_path_check_target(const struct hk_artifact_path *path, struct hk_error *err);

/* root and rest with one '/' between, either may be empty. */
struct hk_str hk_artifact_path_join(struct hk_arena *arena, struct hk_str root, struct hk_str rest);
struct hk_str hk_artifact_path_name(struct hk_str path); /* behind the last '/' */

#endif
