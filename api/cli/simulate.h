/* `hanok simulate`: the verb; scheduler/simulate.h has the thing itself. */
#ifndef HK_CLI_SIMULATE_H
#define HK_CLI_SIMULATE_H

#include "api/cli/verbs.h"

extern const struct hk_option hk_simulate_options[];
bool hk_simulate_verb(struct hk_cli *cli, struct hk_error *err);

#endif
