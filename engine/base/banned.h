/* Functions nobody in hanok calls, and what to call instead. Force-included by the build
 * (see the top CMakeLists.txt), after the system headers that declare them. */
#ifndef HK_BASE_BANNED_H
#define HK_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Unbounded or unterminated: use struct hk_buf, hk_str_copy or snprintf. */
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
/* Not thread-safe, or blind to errors: use engine/base/civil.h, hk_str_to_i64, struct hk_rand. */
#pragma GCC poison gmtime localtime atoi atol
/* Only calls: struct hk_rand *rand is a fine name for a parameter. */
#define rand(...) rand_is_banned_use_struct_hk_rand

#endif
