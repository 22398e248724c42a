/* Where artifacts lie, as the command line and the environment say it: `--artifacts-destination` as MLflow's server
 * understands it, and for a bucket the variables that boto3 and MLflow read:
 *
 *     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN     or the profile's
 *     AWS_DEFAULT_REGION or AWS_REGION                                or the profile's, else us-east-1
 *     MLFLOW_S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL or the profile's, else Amazon's
 *     AWS_DEFAULT_PROFILE or AWS_PROFILE               (default)
 *     AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE     (~/.aws/credentials, ~/.aws/config: aws_profile.h)
 *     MLFLOW_S3_IGNORE_TLS                             ("true": certificates are not checked)
 *     MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE              ("path", "virtual", "auto")
 *
 * They are read once. Keys that others give (roles, single sign-on, a machine's own identity) are not fetched. */
#ifndef HK_CLI_ARTIFACTS_H
#define HK_CLI_ARTIFACTS_H

#include "api/cli/home.h"
#include "engine/artifacts/artifact_store.h"

/* destination: a folder, "file:///folder", "s3://bucket/prefix", or NULL for HOME/artifacts. */
HK_MUST_USE bool hk_cli_artifacts_open(const struct hk_home *home, const char *destination, struct hk_artifacts **out,
                                       struct hk_error *err);

#endif
