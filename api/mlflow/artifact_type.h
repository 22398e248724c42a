/* What kind of thing an artifact is, from its name, as MLflow's server tells browsers: text for what people read, else
 * the type that Python's mimetypes knows, else bytes. Pure. */
#ifndef HK_API_MLFLOW_ARTIFACT_TYPE_H
#define HK_API_MLFLOW_ARTIFACT_TYPE_H

#include "engine/base/str.h"

const char *hk__ml_artifact_type(struct hk_str name); /* static */

#endif
