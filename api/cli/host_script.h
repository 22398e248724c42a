/* The warm Python host (dags/python/) travels inside the binary and is written where an interpreter can read it. */
#ifndef HK_CLI_HOST_SCRIPT_H
#define HK_CLI_HOST_SCRIPT_H

#include <stddef.h>

#include "engine/base/error.h"

/* Writes HOME/run/python/ where it is not there in this version, and gives the path of its host.py. */
HK_MUST_USE bool hk_host_script_write(const char *home, char *out, size_t out_size, struct hk_error *err);

#endif
