#include "api/cli/temporary_home.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/cli/host_script.h"

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool hk_temporary_home_make(struct hk_home *home, char script[HK_HOST_SCRIPT_PATH_SIZE], struct hk_error *err)
{
    const char *base = getenv("TMPDIR");
    char path[1024];
    int n = snprintf(path, sizeof path, "%s/hanok-test-XXXXXX", base != NULL && base[0] != '\0' ? base : "/tmp");
    if (n >= (int)sizeof path || mkdtemp(path) == NULL) {
        return hk_error_set(err, HK_IO, "no temporary folder can be made as '%s': %m", path);
    }
    if (!hk_home_open(path, home, err) || !hk_host_script_write(home->path, script, HK_HOST_SCRIPT_PATH_SIZE, err)) {
        remove_tree(path);
        return false;
    }
    return true;
}

void hk_temporary_home_remove(const struct hk_home *home)
{
    remove_tree(home->path);
}
