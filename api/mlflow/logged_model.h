/* What the files about logged models share with search and the registry. */
#ifndef HK_API_MLFLOW_LOGGED_MODEL_H
#define HK_API_MLFLOW_LOGGED_MODEL_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/store/logged_model_store.h"

/* Of MLflow's columns, and of ours where it has none. */
enum { HK__ML_MAX_MODEL_NAME = 500, HK__ML_MAX_MODEL_TAG_VALUE = 65535 };

/* {"info":, "data":}, as a value: three statements; lists are read by their page, so a page costs as many as it has
 * models, times three, all of them look-ups by key. */
HK_MUST_USE bool hk__ml_write_logged_model(struct hk_json *w, struct hk_db *db, const struct hk_logged_model *model,
                                           struct hk_error *err);

/* Where in this server's store of artifacts an address like "mlflow-artifacts:/0/models/…" lies; data NULL: it is
 * somewhere else. */
struct hk_str hk__ml_proxied_path(struct hk_str uri);

#endif
