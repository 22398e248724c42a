/* What the files of the reader share. */
#ifndef HK_DAGS_READ_AIRFLOW_INTERNAL_H
#define HK_DAGS_READ_AIRFLOW_INTERNAL_H

#include "dags/read_airflow.h"

/* read_airflow_value.c: the serializer's encodings {"__type": T, "__var": V}. */
json_t *hk__airflow_plain(const json_t *value);      /* as REST shows it; new reference, never NULL */
const json_t *hk__airflow_bare(const json_t *value); /* V when value is such an object, else value; borrowed */
json_t *hk__airflow_params(const json_t *params);    /* {"n": {"value", "schema", "description", "source"}} */
const char *hk__airflow_text(struct hk_graph_builder *b,
                             const json_t *value); /* dumped into the builder; NULL gives NULL */

/* Times and spans, in seconds, plain or encoded. false: neither absent nor such a number. Absent leaves *out_us alone.
 */
bool hk__airflow_instant(const json_t *object, const char *key, int64_t *out_us);
bool hk__airflow_span(const json_t *object, const char *key, int64_t *out_us);

/* read_airflow_schedule.c */
HK_MUST_USE bool hk__airflow_schedule(struct hk_graph_builder *b, const json_t *dag, struct hk_error *err);

/* read_airflow_asset.c: {"__type": "asset_all", "objects": [...]}, and the outlets of a task. */
HK_MUST_USE bool hk__airflow_condition(struct hk_graph_builder *b, const json_t *condition, struct hk_error *err);
/* Whether all of them are assets that are known now: no aliases, which the task itself fills in. */
bool hk__airflow_outlets_are_plain(const json_t *outlets);
void hk__airflow_outlets(struct hk_graph_builder *b, uint32_t task, const json_t *outlets);

/* read_airflow_task.c: fields is the task's "__var". */
HK_MUST_USE bool hk__airflow_task(struct hk_graph_builder *b, const json_t *fields, struct hk_error *err);

#endif
