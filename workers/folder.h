/* Whole folders. Blocking: never on the engine's loop. */
#ifndef HK_WORKERS_FOLDER_H
#define HK_WORKERS_FOLDER_H

#include <stdbool.h>

/* Removes a folder and all in it, symbolic links unfollowed; what cannot be removed stays. */
void hk_folder_remove(const char *path);

/* The temporary folder of a command is called airflowtmp<home id>_<random>: BashOperator's prefix, and by the id a
 * later engine finds what a killed shim has left. */
#define HK_TEMPORARY_PREFIX "airflowtmp"

/* Removes the folders in `root` whose names begin with prefix. */
void hk_folder_remove_all(const char *root, const char *prefix);

/* Whether it is a folder of ours with nothing in it, as mkdtemp made it. */
bool hk_folder_is_fresh(const char *path);

#endif
