#include "dags/read_yaml.h"

/* A Python string literal. */
static void add_literal(struct hk_buf *out, const char *text)
{
    hk_buf_add_char(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            hk_buf_printf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7F) {
            hk_buf_printf(out, "\\x%02x", c);
        } else {
            hk_buf_add_char(out, *text);
        }
    }
    hk_buf_add_char(out, '"');
}

/* Airflow's safe mode looks for the words "dag" and "airflow" in a file before it runs it: both are here. The DAG
 * folder goes to the end of sys.path, as Airflow puts a bundle there: a YAML file may name the modules beside it. */
void hk_yaml_python_stub(const char *yaml_path, const char *dags_folder, struct hk_buf *out)
{
    hk_buf_add_text(
        out, "# Written by hanok, and written anew whenever it is needed: loads the Airflow DAGs of one YAML file.\n"
             "import sys\n\nfrom dagfactory import load_yaml_dags\n\nsys.path.append(");
    add_literal(out, dags_folder);
    hk_buf_add_text(out, ")\nload_yaml_dags(\n    globals_dict=globals(),\n    config_filepath=");
    add_literal(out, yaml_path);
    hk_buf_add_text(out, ",\n    defaults_config_path=");
    add_literal(out, dags_folder);
    hk_buf_add_text(out, ",\n)\n");
}
