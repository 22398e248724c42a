/* What is known about a version that is to get a target: read from the database in one state of it, for the rules of
 * policies to judge (engine/registry/promotion.h). */
#ifndef HK_STORE_PROMOTION_FACTS_H
#define HK_STORE_PROMOTION_FACTS_H

#include "engine/registry/promotion.h"
#include "engine/store/model_version_store.h"
#include "engine/store/policy_store.h"
#include "engine/store/promotion_request_store.h"

/* What the files of a version were found to be (engine/artifacts), which no database knows. */
struct hk_artifact_facts {
    enum hk_fact_answer has_signature;
    enum hk_fact_answer has_input_example;
    enum hk_fact_answer is_unchanged;
    const char *trouble;         /* why what MLmodel says is not known, as a clause; NULL: it is */
    const char *content_trouble; /* what is wrong with the files; NULL: nothing */
};

struct hk_facts_wanted {
    const struct hk_model_version_row *version;
    struct hk_target target;
    const struct hk_policy_list *policies;
    const struct hk_request_row *request;      /* the open one; NULL: none */
    const struct hk_artifact_facts *artifacts; /* NULL: not looked at */
    const char *actor;                         /* who asks; NULL: nobody */
    int64_t now_us;
};

/* Texts are in the arena; zones are to be given back. */
HK_MUST_USE bool hk_promotion_facts_gather(struct hk_db *db, const struct hk_facts_wanted *wanted,
                                           struct hk_arena *arena, struct hk_promotion_facts *out,
                                           struct hk_error *err);
void hk_promotion_facts_clear(struct hk_promotion_facts *facts);

/* The version that holds a target of a model: of a stage, the one with the highest number. 0: none does. */
HK_MUST_USE bool hk_store_target_holder(struct hk_db *db, int64_t model_key, const struct hk_target *target,
                                        int64_t *version, struct hk_error *err);

/* Who has made a version or asked for its promotion, and may not approve it: who registered it, who has opened the
 * request, and who triggered the DAG runs whose tasks did so, or made its run or its logged model. There is room for
 * one more. Texts are the arena's. request NULL: there is none. */
enum { HK_MAX_AUTHORS = 7 };
struct hk_authors {
    const char *names[HK_MAX_AUTHORS];
    size_t count;
};
HK_MUST_USE bool hk_store_authors(struct hk_db *db, const struct hk_model_version_row *version,
                                  const struct hk_request_row *request, struct hk_arena *arena, struct hk_authors *out,
                                  struct hk_error *err);

/* Whether any rule asks for what only the files of the version tell, and whether for their contents. */
bool hk_policies_ask_files(const struct hk_policy_list *policies, bool *asks_checksums);

#endif
