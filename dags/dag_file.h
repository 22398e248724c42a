/* One DAG file on disk: found, read, and told apart by content. No loop, no database; any thread. */
#ifndef HK_DAGS_DAG_FILE_H
#define HK_DAGS_DAG_FILE_H

#include "engine/base/buf.h"

enum hk_dag_file_kind { HK_DAG_FILE_YAML, HK_DAG_FILE_PYTHON };

struct hk_dag_file {
    char *path;           /* absolute; owned */
    const char *relative; /* inside path */
    enum hk_dag_file_kind kind;
    int64_t size;
    int64_t changed_ns;
};

struct hk_dag_files {
    struct hk_dag_file *items;
    size_t len;
    size_t cap;
    char **folders; /* that were walked: what to watch */
    size_t folder_len;
    size_t folder_cap;
};

/* Every *.py, *.yaml and *.yml below root (or root itself, if it is a file), sorted by path; hidden entries,
 * __pycache__ and names matched by a .airflowignore (glob syntax, as Airflow 3's default) in the root are left out.
 * Symbolic links are followed, but not round in a circle. */
HK_MUST_USE bool hk_dag_files_list(const char *root, struct hk_dag_files *out, struct hk_error *err);
void hk_dag_files_clear(struct hk_dag_files *files);

/* The whole content. HK_LIMIT over HK_MAX_DAG_FILE_BYTES, HK_IO, HK_INVALID when it is not UTF-8. */
HK_MUST_USE bool hk_dag_file_read(const char *path, struct hk_buf *out, struct hk_error *err);

/* Airflow's safe mode: a Python file without the words "dag" and "airflow" (in any case) is never run. */
bool hk_dag_file_may_have_dags(struct hk_str content);

/* Whether it hands YAML files to dag-factory, which hanok reads without its help. */
bool hk_dag_file_is_loader(struct hk_str content);

#endif
