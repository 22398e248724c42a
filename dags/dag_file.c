#include "dags/dag_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

enum { MAX_DEPTH = 32 };

struct walk {
    struct hk_dag_files *out;
    size_t root_len;
    struct hk_buf ignore; /* lines of the root's .airflowignore */
};

static bool kind_of(const char *name, enum hk_dag_file_kind *kind)
{
    struct hk_str s = hk_str_from(name);
    if (hk_str_ends_with(s, ".py")) {
        *kind = HK_DAG_FILE_PYTHON;
        return true;
    }
    *kind = HK_DAG_FILE_YAML;
    return hk_str_ends_with(s, ".yaml") || hk_str_ends_with(s, ".yml");
}

static bool is_ignored(const struct walk *walk, const char *relative, const char *name)
{
    struct hk_str rest = hk_buf_str(&walk->ignore);
    struct hk_str line;
    while (hk_str_next(&rest, '\n', &line)) {
        char pattern[1024];
        line = hk_str_trim(line);
        if (line.len == 0 || line.data[0] == '#' || !hk_str_copy(pattern, sizeof pattern, line)) {
            continue;
        }
        if (line.data[line.len - 1] == '/') {
            pattern[line.len - 1] = '\0';
        }
        if (fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, relative, FNM_PATHNAME) == 0) {
            return true;
        }
    }
    return false;
}

static void add_file(struct walk *walk, const char *path, enum hk_dag_file_kind kind, const struct stat *st)
{
    struct hk_dag_files *out = walk->out;
    hk_array_grow((void **)&out->items, &out->cap, out->len + 1, sizeof *out->items);
    struct hk_dag_file *file = &out->items[out->len++];
    file->path = hk_strdup(path);
    file->relative = file->path + walk->root_len;
    file->kind = kind;
    file->size = st->st_size;
    file->changed_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* The folders that are being walked, innermost first. */
struct within {
    const struct within *outer;
    dev_t device;
    ino_t inode;
    int depth;
};

/* Reached again through a symbolic link: walking on would find everything anew, without end. */
static bool is_circle(const struct within *here)
{
    for (const struct within *at = here->outer; at != NULL; at = at->outer) {
        if (at->device == here->device && at->inode == here->inode) {
            return true;
        }
    }
    return false;
}

static bool walk_folder(struct walk *walk, const char *folder, const struct within *outer, struct hk_error *err)
{
    struct hk_dag_files *out = walk->out;
    DIR *dir = opendir(folder);
    struct stat own = {0};
    if (dir == NULL) {
        return outer != NULL ||
               hk_error_set(err, errno == ENOENT ? HK_NOT_FOUND : HK_IO, "dag folder '%s': %m", folder);
    }
    (void)fstat(dirfd(dir), &own); /* cannot fail: it is open */
    const struct within here = {outer, own.st_dev, own.st_ino, outer != NULL ? outer->depth + 1 : 0};
    if (is_circle(&here)) {
        closedir(dir);
        return true;
    }
    hk_array_grow((void **)&out->folders, &out->folder_cap, out->folder_len + 1, sizeof(char *));
    out->folders[out->folder_len++] = hk_strdup(folder);
    bool ok = true;
    for (struct dirent *entry = readdir(dir); entry != NULL && ok; entry = readdir(dir)) {
        enum hk_dag_file_kind kind = HK_DAG_FILE_YAML;
        struct hk_buf path;
        struct stat st;
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "__pycache__") == 0) {
            continue;
        }
        hk_buf_init(&path, 4096);
        hk_buf_printf(&path, "%s/%s", folder, entry->d_name);
        if (!path.is_full && stat(path.data, &st) == 0 &&
            !is_ignored(walk, path.data + walk->root_len, entry->d_name)) {
            if (S_ISDIR(st.st_mode) && here.depth < MAX_DEPTH) {
                ok = walk_folder(walk, path.data, &here, err);
            } else if (S_ISREG(st.st_mode) && kind_of(entry->d_name, &kind)) {
                add_file(walk, path.data, kind, &st);
            }
        }
        hk_buf_clear(&path);
    }
    closedir(dir);
    return ok;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct hk_dag_file *)a)->path, ((const struct hk_dag_file *)b)->path);
}

static void read_ignore(struct walk *walk, const char *root)
{
    struct hk_buf path;
    struct hk_error ignored;
    hk_buf_init(&path, 4096);
    hk_buf_printf(&path, "%s/.airflowignore", root);
    if (path.is_full || !hk_dag_file_read(path.data, &walk->ignore, &ignored)) {
        hk_buf_reset(&walk->ignore); /* usually there is none */
    }
    hk_buf_clear(&path);
}

bool hk_dag_files_list(const char *root, struct hk_dag_files *out, struct hk_error *err)
{
    struct walk walk = {.out = out, .root_len = strlen(root) + 1};
    struct stat st;
    *out = (struct hk_dag_files){0};
    hk_buf_init(&walk.ignore, HK_MAX_DAG_FILE_BYTES);
    if (stat(root, &st) != 0) {
        return hk_error_set(err, errno == ENOENT ? HK_NOT_FOUND : HK_IO, "dag folder '%s': %m", root);
    }
    if (S_ISREG(st.st_mode)) {
        enum hk_dag_file_kind kind = HK_DAG_FILE_PYTHON;
        const char *slash = strrchr(root, '/');
        walk.root_len = slash != NULL ? (size_t)(slash - root) + 1 : 0;
        if (!kind_of(root, &kind)) {
            return hk_error_set(err, HK_INVALID, "'%s' is no DAG file: its name ends in none of .py, .yaml, .yml",
                                root);
        }
        add_file(&walk, root, kind, &st);
        return true;
    }
    read_ignore(&walk, root);
    bool ok = walk_folder(&walk, root, NULL, err);
    hk_buf_clear(&walk.ignore);
    if (!ok) {
        hk_dag_files_clear(out);
        return false;
    }
    if (out->len > 0) {
        qsort(out->items, out->len, sizeof *out->items, compare_files);
    }
    return true;
}

void hk_dag_files_clear(struct hk_dag_files *files)
{
    for (size_t i = 0; i < files->len; i++) {
        free(files->items[i].path);
    }
    for (size_t i = 0; i < files->folder_len; i++) {
        free(files->folders[i]);
    }
    free(files->items);
    free(files->folders);
    *files = (struct hk_dag_files){0};
}

static bool read_all(int fd, struct hk_buf *out, struct hk_error *err)
{
    char chunk[65536];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return hk_error_set(err, HK_IO, "cannot be read: %m");
        }
        if (n == 0) {
            return true;
        }
        hk_buf_add(out, chunk, (size_t)n);
        if (out->is_full || out->len > HK_MAX_DAG_FILE_BYTES) {
            return hk_error_set(err, HK_LIMIT, "is larger than %d MiB, the most a DAG file may have",
                                HK_MAX_DAG_FILE_BYTES / (1024 * 1024));
        }
    }
}

bool hk_dag_file_read(const char *path, struct hk_buf *out, struct hk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return hk_error_set(err, errno == ENOENT ? HK_NOT_FOUND : HK_IO, "cannot be opened: %m");
    }
    bool ok = read_all(fd, out, err);
    close(fd);
    if (ok && !hk_str_is_utf8(hk_buf_str(out))) {
        return hk_error_set(err, HK_INVALID, "is not UTF-8 text; save it with that encoding");
    }
    return ok;
}

static bool contains(struct hk_str content, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= content.len; i++) {
        if (strncasecmp(content.data + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

bool hk_dag_file_is_loader(struct hk_str content)
{
    return contains(content, "load_yaml_dags") || contains(content, "dagfactory");
}

bool hk_dag_file_may_have_dags(struct hk_str content)
{
    return contains(content, "dag") && (contains(content, "airflow") || contains(content, "dagfactory"));
}
