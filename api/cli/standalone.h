/* `hanok standalone`: the whole house in one process, until it is told to stop. */
#ifndef HK_CLI_STANDALONE_H
#define HK_CLI_STANDALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hk_standalone_options {
    const char *home;               /* NULL: the default */
    const char *const *dag_folders; /* none: HOME/dags, which is made */
    size_t dag_folder_count;
    const char *listen;                /* "127.0.0.1:8080" */
    const char *artifacts_destination; /* NULL: HOME/artifacts */
    uint32_t parallelism;              /* 0: cores x 2 */
    const char *python;                /* NULL: python3 if the PATH has one that has the SDK */
    bool all_admins;
    bool starts_paused;
};

/* Returns the exit status. */
int hk_standalone(const struct hk_standalone_options *options);

#endif
