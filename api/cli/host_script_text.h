/* The files of dags/python/, embedded by the build (embed.cmake). */
#ifndef HK_CLI_HOST_SCRIPT_TEXT_H
#define HK_CLI_HOST_SCRIPT_TEXT_H

#include <stddef.h>

struct hk_embedded_file {
    const char *name; /* NULL ends the list */
    const unsigned char *bytes;
    size_t size;
};

extern const struct hk_embedded_file hk_host_files[];

#endif
