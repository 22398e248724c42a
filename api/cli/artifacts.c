#include "api/cli/artifacts.h"

#include <stdio.h>
#include <string.h>

#include "engine/artifacts/folder_artifacts.h"

bool hk_cli_artifacts_open(const struct hk_home *home, const char *destination, struct hk_artifacts **out,
                           struct hk_error *err)
{
    char own[HK_HOME_PATH_SIZE + 32];
    if (destination == NULL) {
        snprintf(own, sizeof own, "%s/artifacts", home->path);
        return hk_folder_artifacts_open(own, out, err);
    }
    if (strncmp(destination, "file://", 7) == 0) {
        return hk_folder_artifacts_open(destination + 7, out, err);
    }
    if (strstr(destination, "://") != NULL) {
        return hk_error_set(err, HK_INVALID, "--artifacts-destination takes a folder or file:///folder, not '%s'",
                            destination);
    }
    return hk_folder_artifacts_open(destination, out, err);
}
