#include "engine/tracking/lineage.h"

#include <stdio.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

static void write_known(struct hk_json *w, const char *name, const char *value)
{
    if (value != NULL) {
        hk_json_kv_text(w, name, value);
    }
}

void hk_lineage_write(const struct hk_lineage *lineage, struct hk_buf *out)
{
    char text[HK_ISO_SIZE];
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, HK_LINEAGE_DAG_ID, lineage->dag_id);
    hk_json_kv_text(&w, HK_LINEAGE_RUN_ID, lineage->run_id);
    hk_json_kv_text(&w, HK_LINEAGE_TASK_ID, lineage->task_id);
    snprintf(text, sizeof text, "%u", lineage->try_number);
    hk_json_kv_text(&w, HK_LINEAGE_TRY_NUMBER, text);
    snprintf(text, sizeof text, "%d", lineage->map_index);
    hk_json_kv_text(&w, HK_LINEAGE_MAP_INDEX, text);
    if (lineage->logical_us != HK_TIME_NONE) {
        hk_iso_offset(lineage->logical_us, text);
        hk_json_kv_text(&w, HK_LINEAGE_LOGICAL_DATE, text);
    }
    write_known(&w, HK_LINEAGE_DAG_VERSION, lineage->dag_version);
    write_known(&w, HK_LINEAGE_BUNDLE_NAME, lineage->bundle_name);
    write_known(&w, HK_LINEAGE_BUNDLE_VERSION, lineage->bundle_version);
    hk_json_end_object(&w);
}
