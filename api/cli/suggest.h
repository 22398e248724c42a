/* What was probably meant, when something is not found. */
#ifndef HK_CLI_SUGGEST_H
#define HK_CLI_SUGGEST_H

#include "api/cli/verbs.h"

/* After a verb that was about a DAG, a task of one, a registered model or a promotion policy has failed with
 * HK_NOT_FOUND: adds the nearest name to the sentence, or that this home knows no DAGs at all. Leaves any other error
 * as it is. */
void hk_cli_suggest(const struct hk_cli *cli, struct hk_error *err);

#endif
