/* The rules of webhooks out of the environment, under MLflow's names. */
#ifndef HK_CLI_WEBHOOK_RULES_H
#define HK_CLI_WEBHOOK_RULES_H

#include "api/mlflow/mlflow.h"

struct hk_webhook_rules hk_cli_webhook_rules(void); /* texts are the environment's */

#endif
