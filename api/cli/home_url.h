/* HOME/run/url: where the engine of a home listens, for the verbs of the command line. A verb sends an admin's token
 * there, so the file may not outlive its engine: whoever has locked the home forgets what a killed one has left before
 * anything else, and an engine forgets its own before it gives up the lock. */
#ifndef HK_CLI_HOME_URL_H
#define HK_CLI_HOME_URL_H

#include "api/cli/home.h"

HK_MUST_USE bool hk_home_url_write(const struct hk_home *home, const char *url, struct hk_error *err);
bool hk_home_url_read(const struct hk_home *home, char *out, size_t out_size); /* false: no engine says anything */
void hk_home_url_forget(const struct hk_home *home);                           /* only with the home locked */

#endif
