#include "engine/base/rand.h"

#include <stdio.h>
#include <sys/random.h>

#include "engine/base/error.h"

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void hk_rand_init(struct hk_rand *rand, uint64_t seed)
{
    /* splitmix64 spreads a small seed over the state, which must not be all zero. */
    for (int i = 0; i < 4; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        rand->state[i] = z ^ (z >> 31);
    }
}

void hk_rand_init_system(struct hk_rand *rand)
{
    uint64_t seed = 0;
    HK_ASSERT(getentropy(&seed, sizeof seed) == 0);
    hk_rand_init(rand, seed);
}

uint64_t hk_rand_u64(struct hk_rand *rand)
{
    uint64_t *s = rand->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t hk_rand_below(struct hk_rand *rand, uint64_t limit)
{
    HK_ASSERT(limit > 0);
    return hk_rand_u64(rand) % limit;
}

void hk_uuid7(struct hk_rand *rand, int64_t wall_us, char out[HK_UUID_SIZE])
{
    uint64_t ms = (uint64_t)(wall_us / 1000) & 0xFFFFFFFFFFFFu;
    uint64_t a = hk_rand_u64(rand);
    uint64_t b = hk_rand_u64(rand);
    snprintf(out, HK_UUID_SIZE, "%08x-%04x-7%03x-%04x-%012llx", (unsigned)(ms >> 16), (unsigned)(ms & 0xFFFF),
             (unsigned)(a & 0xFFF), (unsigned)(0x8000 | ((a >> 12) & 0x3FFF)),
             (unsigned long long)(b & 0xFFFFFFFFFFFFu));
}
