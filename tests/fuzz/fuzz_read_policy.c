/* Any bytes as a file of promotion policies: what is read must hold what hk_policy_check asks for. */
#include "dags/read_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hk_arena arena;
    struct hk_read_policies all;
    struct hk_error err;
    if (hk_read_policies(&arena, (struct hk_str){(const char *)data, size}, "fuzz", &all, &err)) {
        for (size_t i = 0; i < all.count; i++) {
            size_t at = 0;
            HK_ASSERT(hk_policy_check(&all.items[i].policy, &at, &err));
            for (size_t k = 0; k < all.items[i].policy.rule_count; k++) {
                HK_ASSERT(hk_rule_text(&all.items[i].policy.rules[k], &arena)[0] != '\0');
            }
        }
    } else {
        HK_ASSERT(err.message[0] != '\0');
    }
    hk_arena_reset(&arena);
    return 0;
}
