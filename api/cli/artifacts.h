/* Where artifacts lie, as the command line and the environment say it: `--artifacts-destination` as MLflow's server
 * understands it, and for a bucket the variables that boto3 and MLflow read:
 *
 *     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *     AWS_DEFAULT_REGION or AWS_REGION                 (us-east-1)
 *     MLFLOW_S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL
 *     MLFLOW_S3_IGNORE_TLS                             ("true": certificates are not checked)
 *     MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE              ("path", "virtual", "auto")
 *
 * Keys in ~/.aws or from a machine's own identity are not looked for. */
#ifndef HK_CLI_ARTIFACTS_H
#define HK_CLI_ARTIFACTS_H

#include "api/cli/home.h"
#include "engine/artifacts/artifact_store.h"

/* destination: a folder, "file:///folder", "s3://bucket/prefix", or NULL for HOME/artifacts. */
HK_MUST_USE bool hk_cli_artifacts_open(const struct hk_home *home, const char *destination, struct hk_artifacts **out,
                                       struct hk_error *err);

#endif
