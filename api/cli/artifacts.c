#include "api/cli/artifacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/cli/aws_profile.h"
#include "api/cli/verbs.h"
#include "engine/artifacts/folder_artifacts.h"
#include "engine/artifacts/s3_artifacts.h"

#define USUAL_PROFILE "default"

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

/* The text of one of the files of AWS's tools, in the arena; empty where there is no such file. */
static bool read_file(const char *name, const char *usual, struct hk_arena *arena, struct hk_str *out,
                      struct hk_error *err)
{
    const char *path = VARIABLE(NULL, name);
    const char *user = VARIABLE(NULL, "HOME");
    char *text = NULL;
    size_t len = 0;
    *out = (struct hk_str){0};
    if (path == NULL && user != NULL) {
        path = hk_arena_printf(arena, "%s/.aws/%s", user, usual);
    }
    if (path == NULL || access(path, F_OK) != 0) {
        return true;
    }
    if (!hk_cli_read_file(path, &text, &len, err)) {
        return false;
    }
    *out = hk_arena_str(arena, (struct hk_str){text, len});
    free(text);
    return true;
}

static bool read_profile(const char *name, struct hk_arena *arena, struct hk_aws_profile *out, struct hk_error *err)
{
    struct hk_str credentials;
    struct hk_str config;
    if (!read_file("AWS_SHARED_CREDENTIALS_FILE", "credentials", arena, &credentials, err) ||
        !read_file("AWS_CONFIG_FILE", "config", arena, &config, err)) {
        return false;
    }
    if (!hk_aws_profile_read(credentials, config, name, arena, out) && strcmp(name, USUAL_PROFILE) != 0) {
        return hk_error_set(err, HK_INVALID,
                            "AWS_PROFILE is '%s', and neither ~/.aws/credentials nor ~/.aws/config has it.", name);
    }
    return true;
}

/* Keys of the environment, all of them, or those of the profile: never half of each. */
static bool choose_keys(const char *uri, const char *name, const struct hk_aws_profile *profile,
                        struct hk_s3_credentials *out, struct hk_error *err)
{
    out->access_key = VARIABLE(NULL, "AWS_ACCESS_KEY_ID");
    out->secret_key = VARIABLE(NULL, "AWS_SECRET_ACCESS_KEY");
    out->session_token = VARIABLE(NULL, "AWS_SESSION_TOKEN");
    if (out->access_key == NULL && out->secret_key == NULL) {
        if (profile->other_way != NULL) {
            return hk_error_set(
                err, HK_INVALID,
                "The profile '%s' gets its keys by %s, which hanok does not do: set what `aws configure "
                "export-credentials --profile %s --format env` prints.",
                name, profile->other_way, name);
        }
        out->access_key = profile->access_key;
        out->secret_key = profile->secret_key;
        out->session_token = profile->session_token;
    }
    if (out->access_key == NULL || out->secret_key == NULL) {
        return hk_error_set(
            err, HK_INVALID,
            "Artifacts in '%s' need keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them "
            "to ~/.aws/credentials (profile '%s').",
            uri, name);
    }
    return true;
}

static bool open_with(const struct hk_home *home, const char *uri, const struct hk_aws_profile *profile,
                      const struct hk_s3_credentials *credentials, struct hk_artifacts **out, struct hk_error *err)
{
    char spool[HK_HOME_PATH_SIZE + 32];
    const char *ignores_tls = VARIABLE("false", "MLFLOW_S3_IGNORE_TLS");
    snprintf(spool, sizeof spool, "%s/uploads", home->path);
    struct hk_s3_options options = {
        .uri = uri,
        .endpoint = VARIABLE(profile->endpoint, "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        .credentials = *credentials,
        .trusts_any = strcasecmp(ignores_tls, "true") == 0 || strcmp(ignores_tls, "1") == 0,
        .spool = spool,
        .clock = hk_clock_system(),
    };
    options.credentials.region =
        VARIABLE(profile->region != NULL ? profile->region : "us-east-1", "AWS_DEFAULT_REGION", "AWS_REGION");
    options.virtual_host = is_virtual(uri, options.endpoint);
    return hk_s3_artifacts_open(&options, out, err);
}

static bool open_bucket(const struct hk_home *home, const char *uri, struct hk_artifacts **out, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_aws_profile profile;
    struct hk_s3_credentials credentials;
    const char *name = VARIABLE(USUAL_PROFILE, "AWS_DEFAULT_PROFILE", "AWS_PROFILE");
    hk_arena_init(&arena);
    bool ok = read_profile(name, &arena, &profile, err) && choose_keys(uri, name, &profile, &credentials, err) &&
              open_with(home, uri, &profile, &credentials, out, err);
    hk_arena_clear(&arena);
    return ok;
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
