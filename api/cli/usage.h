/* The help texts, made from the verb tables. Only arguments.c includes this. */
#ifndef HK_CLI_USAGE_H
#define HK_CLI_USAGE_H

#include "api/cli/arguments.h"

const struct hk_option *hk__common_options(void);

/* Of the program, a group or a verb: as far as `args` has got. */
void hk__usage(const struct hk_verb_group *const *groups, size_t group_count, const struct hk_arguments *args,
               struct hk_buf *out);

#endif
