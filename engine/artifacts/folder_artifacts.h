/* Artifacts in a folder of this machine, each a file at its path. Nothing is reached through a symbolic link, wherever
 * it leads: each step of a path is opened by itself and refused if it is one. */
#ifndef HK_ARTIFACTS_FOLDER_ARTIFACTS_H
#define HK_ARTIFACTS_FOLDER_ARTIFACTS_H

#include "engine/artifacts/artifact_store.h"

/* Makes the folder (0700) where there is none. HK_IO. */
HK_MUST_USE bool hk_folder_artifacts_open(const char *folder, struct hk_artifacts **out, struct hk_error *err);

#endif
