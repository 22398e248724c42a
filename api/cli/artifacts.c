#include "api/cli/artifacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/artifacts/folder_artifacts.h"
#include "engine/artifacts/s3_artifacts.h"

/* The first of them that is set and not empty, else the fallback. */
static const char *variable(const char *const *names, const char *fallback)
{
    for (; *names != NULL; names++) {
        const char *value = getenv(*names);
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return fallback;
}

#define VARIABLE(fallback, ...) variable((const char *const[]){__VA_ARGS__, NULL}, fallback)

/* As boto3's "auto": in the host's name at Amazon's, if the bucket's name may stand there (a dot would need a
 * certificate that nobody has); in the path elsewhere. */
static bool is_virtual(const char *uri, const char *endpoint)
{
    const char *style = VARIABLE("auto", "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE");
    const char *bucket = uri + strlen("s3://");
    size_t len = strcspn(bucket, "/");
    bool has_dot = memchr(bucket, '.', len) != NULL;
    return strcmp(style, "virtual") == 0 || (strcmp(style, "path") != 0 && endpoint == NULL && !has_dot);
}

static bool open_bucket(const struct hk_home *home, const char *uri, struct hk_artifacts **out, struct hk_error *err)
{
    char spool[HK_HOME_PATH_SIZE + 32];
    const char *ignores_tls = VARIABLE("false", "MLFLOW_S3_IGNORE_TLS");
    snprintf(spool, sizeof spool, "%s/uploads", home->path);
    struct hk_s3_options options = {
        .uri = uri,
        .endpoint = VARIABLE(NULL, "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        .credentials = {.access_key = VARIABLE(NULL, "AWS_ACCESS_KEY_ID"),
                        .secret_key = VARIABLE(NULL, "AWS_SECRET_ACCESS_KEY"),
                        .session_token = VARIABLE(NULL, "AWS_SESSION_TOKEN"),
                        .region = VARIABLE("us-east-1", "AWS_DEFAULT_REGION", "AWS_REGION")},
        .trusts_any = strcasecmp(ignores_tls, "true") == 0 || strcmp(ignores_tls, "1") == 0,
        .spool = spool,
        .clock = hk_clock_system(),
    };
    if (options.credentials.access_key == NULL || options.credentials.secret_key == NULL) {
        return hk_error_set(err, HK_INVALID,
                            "Artifacts in '%s' need keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", uri);
    }
    options.virtual_host = is_virtual(uri, options.endpoint);
    return hk_s3_artifacts_open(&options, out, err);
}

bool hk_cli_artifacts_open(const struct hk_home *home, const char *destination, struct hk_artifacts **out,
                           struct hk_error *err)
{
    char own[HK_HOME_PATH_SIZE + 32];
    if (destination == NULL) {
        snprintf(own, sizeof own, "%s/artifacts", home->path);
        return hk_folder_artifacts_open(own, out, err);
    }
    if (strncmp(destination, "s3://", 5) == 0) {
        return open_bucket(home, destination, out, err);
    }
    if (strncmp(destination, "file://", 7) == 0) {
        return hk_folder_artifacts_open(destination + 7, out, err);
    }
    if (strstr(destination, "://") != NULL) {
        return hk_error_set(err, HK_INVALID,
                            "--artifacts-destination takes a folder, file:///folder or s3://bucket/prefix, not '%s'",
                            destination);
    }
    return hk_folder_artifacts_open(destination, out, err);
}
