/* Randomness is an argument, too: identifiers and jitter come from a struct hk_rand. Production seeds it from the
 * operating system; simulation from its seed, so the same seed gives the same run. Not for secrets: those come from
 * OpenSSL's RAND_bytes in api/http/auth. One thread at a time. */
#ifndef HK_BASE_RAND_H
#define HK_BASE_RAND_H

#include <stdint.h>

struct hk_rand {
    uint64_t state[4]; /* xoshiro256** */
};

void hk_rand_init(struct hk_rand *rand, uint64_t seed);
void hk_rand_init_system(struct hk_rand *rand);
uint64_t hk_rand_u64(struct hk_rand *rand);
uint64_t hk_rand_below(struct hk_rand *rand, uint64_t limit); /* 0 .. limit-1; limit > 0 */

enum { HK_UUID_SIZE = 37 };
/* A version 7 UUID (RFC 9562): time-ordered, lower case, NUL-terminated. */
void hk_uuid7(struct hk_rand *rand, int64_t wall_us, char out[HK_UUID_SIZE]);

#endif
