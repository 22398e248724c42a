#include "api/cli/home_url.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_path(const struct hk_home *home, char out[HK_HOME_PATH_SIZE + 32], const char *file)
{
    snprintf(out, HK_HOME_PATH_SIZE + 32, "%s/run%s", home->path, file);
}

bool hk_home_url_write(const struct hk_home *home, const char *url, struct hk_error *err)
{
    char path[HK_HOME_PATH_SIZE + 32];
    make_path(home, path, "");
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, "folder '%s' cannot be made: %m", path);
    }
    make_path(home, path, "/url");
    FILE *file = fopen(path, "we");
    bool ok = file != NULL && fprintf(file, "%s\n", url) > 0;
    ok = file != NULL && fclose(file) == 0 && ok;
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path);
}

bool hk_home_url_read(const struct hk_home *home, char *out, size_t out_size)
{
    char path[HK_HOME_PATH_SIZE + 32];
    char line[256];
    make_path(home, path, "/url");
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool ok = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    struct hk_str url = ok ? hk_str_trim(hk_str_from(line)) : (struct hk_str){NULL, 0};
    return hk_str_starts_with(url, "http") && hk_str_copy(out, out_size, url);
}

void hk_home_url_forget(const struct hk_home *home)
{
    char path[HK_HOME_PATH_SIZE + 32];
    make_path(home, path, "/url");
    unlink(path);
}
