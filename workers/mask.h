/* The secrets of one task, and how they are kept out of its log: each is replaced by "***" wherever it stands in a
 * line, the longest where several begin at one place. A task's own log records are masked by the Task SDK before they
 * leave the process (dags/python/hanok_sdk.py); this is for what it, or a program it calls, simply prints. One thread.
 */
#ifndef HK_WORKERS_MASK_H
#define HK_WORKERS_MASK_H

#include "engine/base/buf.h"

struct hk_mask;

struct hk_mask *hk_mask_new(void);
void hk_mask_free(struct hk_mask *mask); /* NULL does nothing */

/* Copies the secret; one that is there already is not kept twice. When all of them take more than HK_MAX_SECRETS_BYTES
 * nothing can be told from a secret any more, and whole texts are replaced from then on. */
void hk_mask_add(struct hk_mask *mask, struct hk_str secret);

/* Appends text without its secrets to out. false: it holds none, and out is as it was. */
bool hk_mask_apply(const struct hk_mask *mask, struct hk_str text, struct hk_buf *out);

#endif
