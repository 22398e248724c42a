#include "api/cli/webhook_rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_SECONDS = 600, MAX_RETRIES = 20 };

static int number(const char *name, int fallback, int most)
{
    int64_t value = fallback;
    const char *text = getenv(name);
    if (text == NULL || !hk_str_to_i64(hk_str_from(text), &value) || value < 0 || value > most) {
        return fallback;
    }
    return (int)value;
}

struct hk_webhook_rules hk_cli_webhook_rules(void)
{
    const char *schemes = getenv("MLFLOW_WEBHOOK_ALLOWED_SCHEMES");
    const char *allows = getenv("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS");
    return (struct hk_webhook_rules){.schemes = schemes != NULL && schemes[0] != '\0' ? schemes : "https",
                                     .allows_private = allows != NULL &&
                                                       (strcasecmp(allows, "true") == 0 || strcmp(allows, "1") == 0),
                                     .has_counts = true,
                                     .timeout_s = number("MLFLOW_WEBHOOK_REQUEST_TIMEOUT", 30, MAX_SECONDS),
                                     .max_retries = number("MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", 3, MAX_RETRIES)};
}
