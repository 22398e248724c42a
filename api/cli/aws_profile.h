/* Profiles as AWS's own tools and boto3 keep them, in the two files ~/.aws/credentials ("[name]") and ~/.aws/config
 * ("[profile name]", or "[default]"): what is said of a profile in the first stands over the second. Only what S3 needs
 * is read; settings nested below another (`s3 =` and indented lines) are stepped over. Pure. */
#ifndef HK_CLI_AWS_PROFILE_H
#define HK_CLI_AWS_PROFILE_H

#include "engine/base/arena.h"
#include "engine/base/str.h"

/* In the arena; NULL: not said. */
struct hk_aws_profile {
    const char *access_key;
    const char *secret_key;
    const char *session_token;
    const char *region;
    const char *endpoint;
    const char *other_way; /* the setting by which boto3 would get keys elsewhere, such as "role_arn" */
};

/* The texts of both files, empty where there is none. false: the profile is in neither. */
bool hk_aws_profile_read(struct hk_str credentials, struct hk_str config, const char *name, struct hk_arena *arena,
                         struct hk_aws_profile *out);

#endif
