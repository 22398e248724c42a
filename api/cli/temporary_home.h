/* A home for one verb: made in $TMPDIR, thrown away afterwards. */
#ifndef HK_CLI_TEMPORARY_HOME_H
#define HK_CLI_TEMPORARY_HOME_H

#include "api/cli/home.h"

enum { HK_HOST_SCRIPT_PATH_SIZE = HK_HOME_PATH_SIZE + 64 };

/* Also writes the Python host's script there. On failure nothing is left. */
HK_MUST_USE bool hk_temporary_home_make(struct hk_home *home, char script[HK_HOST_SCRIPT_PATH_SIZE],
                                        struct hk_error *err);
void hk_temporary_home_remove(const struct hk_home *home);

#endif
