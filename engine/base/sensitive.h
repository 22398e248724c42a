/* Names that speak of a secret ("password", "My-API-Key", ...): Airflow's list, and its way of looking at a name. What
 * stands under such a name is not shown over REST and not written to logs. Pure; any thread. */
#ifndef HK_BASE_SENSITIVE_H
#define HK_BASE_SENSITIVE_H

#include "engine/base/str.h"

bool hk_name_is_sensitive(struct hk_str name);

#endif
