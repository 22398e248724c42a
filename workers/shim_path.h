/* Where the shim's files are, and how to name a socket whose path is longer than the 107 bytes of sockaddr_un: through
 * the descriptor of its folder. */
#ifndef HK_WORKERS_SHIM_PATH_H
#define HK_WORKERS_SHIM_PATH_H

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HK_SHIM_SOCKET "shim.sock"
#define HK_SHIM_LOCK "shim.lock"

static inline void hk_shim_address(int run_folder, struct sockaddr_un *out)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/" HK_SHIM_SOCKET, run_folder);
}

#endif
