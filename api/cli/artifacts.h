/* Where artifacts lie, as the command line and the environment say it: `--artifacts-destination` as MLflow's server
 * understands it. */
#ifndef HK_CLI_ARTIFACTS_H
#define HK_CLI_ARTIFACTS_H

#include "api/cli/home.h"
#include "engine/artifacts/artifact_store.h"

/* destination: a folder, "file:///folder", or NULL for HOME/artifacts. */
HK_MUST_USE bool hk_cli_artifacts_open(const struct hk_home *home, const char *destination, struct hk_artifacts **out,
                                       struct hk_error *err);

#endif
