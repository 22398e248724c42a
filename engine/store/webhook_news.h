/* What the registry tells webhooks: one delivery is owed to each active webhook that has subscribed to the event, in
 * the transaction that makes it true. A model that is a prompt has events of its own, whose names begin with "prompt".
 */
#ifndef HK_STORE_WEBHOOK_NEWS_H
#define HK_STORE_WEBHOOK_NEWS_H

#include "engine/store/model_store.h"

enum hk_webhook_about {
    HK_WEBHOOK_MODEL,       /* created */
    HK_WEBHOOK_VERSION,     /* created */
    HK_WEBHOOK_MODEL_TAG,   /* set, deleted: of prompts alone */
    HK_WEBHOOK_VERSION_TAG, /* set, deleted */
    HK_WEBHOOK_ALIAS,       /* created, deleted */
};

struct hk_webhook_news {
    enum hk_webhook_about about;
    const char *action; /* "created", "set", "deleted" */
    int64_t model_key;
    const char *model;
    int64_t version;     /* not of a model, its tags, or an alias that is deleted */
    const char *subject; /* the tag's key, or the alias */
    struct hk_str value; /* of the tag */
    const char *source;  /* of the version; so is the next */
    const char *run_id;
    struct hk_str description;
    const struct hk_model_tag *tags;
    size_t tag_count;
    int64_t happened_us;
};

/* Writer, inside a write. Costs one look at a small table where there are no webhooks. */
HK_MUST_USE bool hk_store_webhook_tell(struct hk_db *db, const struct hk_webhook_news *news, struct hk_error *err);

#endif
