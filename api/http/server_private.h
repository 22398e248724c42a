/* Shared by server.c (start and stop) and connection.c (libmicrohttpd's callbacks), which with answer_cache.c are the
 * only files that see microhttpd.h. */
#ifndef HK_HTTP_SERVER_PRIVATE_H
#define HK_HTTP_SERVER_PRIVATE_H

#include <microhttpd.h>

#include "api/http/answer_cache.h"
#include "api/http/guard.h"
#include "api/http/listen.h"
#include "api/http/server.h"
#include "api/http/waiting.h"

struct hk_http {
    struct hk_http_options options; /* with the defaults filled in */
    struct MHD_Daemon *daemon;
    struct hk_waiting *waiting;
    struct hk_guard *guard;
    struct hk_answer_cache *answers;
    int port;
    char url[HK_HOST_SIZE + 32];
};

void *hk_http_on_target(void *context, const char *target, struct MHD_Connection *connection);
enum MHD_Result hk_http_on_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_size, void **state);
void hk_http_on_completed(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode why);
void hk_http_on_connection(void *context, struct MHD_Connection *connection, void **state,
                           enum MHD_ConnectionNotificationCode what);

#endif
