/* The /auth door: POST /auth/token (JSON or form), GET /auth/token (only when everybody is admin), POST
 * /auth/token/cli. Bodies and statuses are those of Airflow's simple auth manager. */
#ifndef HK_HTTP_LOGIN_H
#define HK_HTTP_LOGIN_H

#include "api/http/auth.h"
#include "api/http/router.h"

/* auth is borrowed for the router's life. */
bool hk_login_register(struct hk_router *router, struct hk_auth *auth, struct hk_error *err);

#endif
