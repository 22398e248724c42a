/* DAG files in dag-factory's YAML format (1.1), read without any Python: each entry of the file becomes a struct
 * hk_graph.
 *
 * The real dag-factory is the model: `default` and defaults.yml blocks, default_args, lists or mappings of tasks and
 * task groups, __type__ values and environment variables mean what they mean there, and what it refuses is refused here
 * (but a null counts as not given, and the default of a param is not held against its schema).
 * BashOperator without Jinja or callbacks and EmptyOperator run natively; every other operator, decorator or templated
 * command becomes a HK_RUNNER_PYTHON task, which runs through the user's own dag-factory: the Python host imports a
 * small file whose text is hk_yaml_python_stub's. What hanok cannot do yet (mapping, other
 * timetables) is an error that names it.
 *
 * A file is read as a whole or not at all, as Airflow does: one bad DAG is an import error of its file, and nothing of
 * it changes. Unlike dag-factory, a key given twice is an error, the YAML text is not repeated in doc_md, and keys of a
 * DAG that have no effect are logged. Reads time zone files, so: not on the loop. */
#ifndef HK_DAGS_READ_YAML_H
#define HK_DAGS_READ_YAML_H

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/graph/graph.h"

/* A defaults.yml above the file. */
struct hk_yaml_defaults {
    const char *path; /* for messages */
    struct hk_str text;
};

struct hk_yaml_source {
    const char *path;          /* absolute */
    const char *relative_path; /* inside the bundle; what messages show */
    const char *bundle_name;
    const char
        *python_file; /* where hk_yaml_python_stub's text lies or will lie: for DAGs with HK_RUNNER_PYTHON tasks */
    struct hk_str text;
    int64_t now_us; /* for start dates as "2 days" */
    /* $NAME and ${NAME} in the text become its value, as os.path.expandvars does; NULL for a variable that is not set.
     * A NULL function: nothing is replaced. */
    const char *(*find_env)(void *context, const char *name);
    void *env_context;
    /* The defaults.yml (or, where there is none, defaults.yaml) of the file's folder and of each folder above it up to
     * the bundle's root; nearest first. */
    const struct hk_yaml_defaults *defaults;
    size_t default_count;
};

struct hk_yaml_dags {
    struct hk_graph **graphs; /* one reference each */
    size_t count;
    bool is_other; /* YAML, and nothing in it looks like a DAG: somebody else's file */
};

/* HK_INVALID, HK_LIMIT with "<relative path>:<line>: DAG '<id>', task '<id>': ...". On failure *out is empty. */
HK_MUST_USE bool hk_read_yaml(const struct hk_yaml_source *source, struct hk_yaml_dags *out, struct hk_error *err);
void hk_yaml_dags_clear(struct hk_yaml_dags *dags);

/* The text with $NAME and ${NAME} replaced by what source->find_env says. */
void hk_yaml_expand(const struct hk_yaml_source *source, struct hk_str text, struct hk_buf *out);

/* Whether the file name is defaults.yml or defaults.yaml, which hold no DAGs. */
bool hk_yaml_is_defaults(const char *path);

/* The text of a Python file that loads the DAGs of one YAML file through dag-factory. dags_folder is the bundle's root,
 * where the search for defaults.yml ends. */
void hk_yaml_python_stub(const char *yaml_path, const char *dags_folder, struct hk_buf *out);

#endif
