/* The help texts, made from the verb tables. For arguments.c, usage.c and absent.c. */
#ifndef HK_CLI_USAGE_H
#define HK_CLI_USAGE_H

#include "api/cli/arguments.h"

const struct hk_option *hk__common_options(void);

/* Of the program, a group or a verb: as far as `args` has got. */
void hk__usage(const struct hk_verb_group *const *groups, size_t group_count, const struct hk_arguments *args,
               struct hk_buf *out);

/* What is said of a word that Airflow has and hanok has not (absent.c); NULL: Airflow has none such either. */
const char *hk__absent(const char *group, const char *word);

#endif
