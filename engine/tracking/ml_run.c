#include "engine/tracking/ml_run.h"

#include <stdio.h>
#include <string.h>

static const char *const statuses[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};

enum { STATUSES = sizeof statuses / sizeof statuses[0] };

/* None longer than 9 letters, so that a name has at most 20 characters, as MLflow's have. */
static const char *const qualities[] = {
    "amber",  "brave",  "bright", "calm",   "careful", "clear",  "clever",  "curious", "early",   "earnest",
    "fair",   "gentle", "glad",   "golden", "grand",   "hardy",  "honest",  "humble",  "keen",    "kind",
    "lively", "lucid",  "merry",  "mellow", "modest",  "nimble", "noble",   "open",    "patient", "placid",
    "polite", "proud",  "quick",  "quiet",  "rapid",   "ready",  "serene",  "sharp",   "silver",  "smooth",
    "sound",  "steady", "stout",  "sunny",  "swift",   "tidy",   "upright", "vivid",   "warm",    "wise",
};
static const char *const things[] = {
    "badger",  "bear",    "beetle", "carp",   "cicada", "crane",  "crow",   "deer",  "dove",  "duck",
    "eagle",   "egret",   "falcon", "finch",  "fox",    "frog",   "goose",  "hare",  "heron", "horse",
    "jay",     "kestrel", "lark",   "magpie", "marten", "mole",   "newt",   "otter", "owl",   "ox",
    "perch",   "pony",    "quail",  "rabbit", "raven",  "robin",  "salmon", "seal",  "shrew", "snail",
    "sparrow", "stoat",   "stork",  "swan",   "swift",  "thrush", "tiger",  "toad",  "trout", "wren",
};

const char *hk_ml_status_find(struct hk_str name)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (hk_str_is(name, statuses[i])) {
            return statuses[i];
        }
    }
    return NULL;
}

const char *hk_ml_status_of_number(int64_t number)
{
    return number >= 1 && number <= STATUSES ? statuses[number - 1] : NULL;
}

void hk_ml_uuid(struct hk_rand *rand, char out[HK_ML_UUID_SIZE])
{
    uint64_t high = (hk_rand_u64(rand) & ~UINT64_C(0xF000)) | UINT64_C(0x4000);
    uint64_t low = (hk_rand_u64(rand) & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);
    snprintf(out, HK_ML_UUID_SIZE, "%016llx%016llx", (unsigned long long)high, (unsigned long long)low);
}

void hk_ml_run_name(struct hk_rand *rand, char out[HK_ML_RUN_NAME_SIZE])
{
    const char *quality = qualities[hk_rand_below(rand, sizeof qualities / sizeof qualities[0])];
    const char *thing = things[hk_rand_below(rand, sizeof things / sizeof things[0])];
    snprintf(out, HK_ML_RUN_NAME_SIZE, "%s-%s-%d", quality, thing, (int)hk_rand_below(rand, 1000));
}

struct hk_str hk_ml_artifact_uri(struct hk_arena *arena, struct hk_str location, const char *run_uuid)
{
    const char *question = location.len > 0 ? memchr(location.data, '?', location.len) : NULL;
    size_t head = question != NULL ? (size_t)(question - location.data) : location.len;
    struct hk_str query = {location.data + head, location.len - head};
    bool has_slash = head > 0 && location.data[head - 1] == '/';
    return hk_str_from(hk_arena_printf(arena, "%.*s%s%s/artifacts%.*s", (int)head, location.data, has_slash ? "" : "/",
                                       run_uuid, HK_STR_ARG(query)));
}
