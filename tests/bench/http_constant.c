/* The limit beside which REST reads are measured: libmicrohttpd, started as hanok starts it, answering constants.
 * GET /N answers N bytes that were made before the first request. usage: http_constant SIZE [SIZE ...]; prints the
 * port, then runs until its standard input ends. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ANSWERS = 32, THREADS = 2 };

static struct MHD_Response *responses[MOST_ANSWERS];
static char paths[MOST_ANSWERS][32];
static int count;

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *data_size, void **state)
{
    static int seen;
    (void)context;
    (void)method;
    (void)version;
    (void)data;
    (void)data_size;
    if (*state == NULL) { /* the head is there; the answer is asked for in the next call */
        *state = &seen;
        return MHD_YES;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(url, paths[i]) == 0) {
            return MHD_queue_response(connection, MHD_HTTP_OK, responses[i]);
        }
    }
    return MHD_NO;
}

static void make_answer(const char *size_text)
{
    size_t size = strtoul(size_text, NULL, 10);
    char *text = malloc(size + 1);
    if (text == NULL) {
        exit(1);
    }
    memset(text, 'x', size);
    responses[count] = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(responses[count], "Content-Type", "application/json");
    snprintf(paths[count], sizeof paths[count], "/%zu", size);
    count++;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc && count < MOST_ANSWERS; i++) {
        make_answer(argv[i]);
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                                                 answer, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                                                 MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_END);
    if (daemon == NULL) {
        return 1;
    }
    printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    MHD_stop_daemon(daemon);
    return 0;
}
