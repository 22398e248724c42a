/* Lineage: what an MLflow run that is started inside a task of a DAG carries as tags, so that a model version leads
 * back to the run of the DAG that made it, and to the code. The task's process is given them in MLFLOW_RUN_CONTEXT, a
 * JSON object that the unmodified client puts under every run it creates.
 *
 * They are tags like any other, for people to read: who may write runs can write them by hand. What gates rest on is
 * engine/store/maker_store.h. Pure; any thread. */
#ifndef HK_TRACKING_LINEAGE_H
#define HK_TRACKING_LINEAGE_H

#include <stdint.h>

#include "engine/base/buf.h"

#define HK_LINEAGE_DAG_ID "airflow.dag_id"
#define HK_LINEAGE_RUN_ID "airflow.dag_run_id"
#define HK_LINEAGE_TASK_ID "airflow.task_id"
#define HK_LINEAGE_TRY_NUMBER "airflow.try_number"
#define HK_LINEAGE_MAP_INDEX "airflow.map_index"
#define HK_LINEAGE_LOGICAL_DATE "airflow.logical_date"
#define HK_LINEAGE_DAG_VERSION "airflow.dag_version_id"
#define HK_LINEAGE_BUNDLE_NAME "airflow.bundle_name"
#define HK_LINEAGE_BUNDLE_VERSION "airflow.bundle_version" /* of a Git bundle: the commit */

struct hk_lineage {
    const char *dag_id;
    const char *run_id;
    const char *task_id;
    const char *dag_version; /* NULL: not known; the same goes for the next two */
    const char *bundle_name;
    const char *bundle_version;
    uint32_t try_number;
    int32_t map_index;  /* -1: not mapped */
    int64_t logical_us; /* HK_TIME_NONE: none */
};

/* A JSON object, all values texts as tags are; what is not known is left out. */
void hk_lineage_write(const struct hk_lineage *lineage, struct hk_buf *out);

#endif
