/* Bodies that a client has compressed: gzip (also several, one after the other) and deflate (in zlib's frame, or bare,
 * as some clients send it). Few bytes may stand for very many, so nothing is made that does not fit into `out`. Pure;
 * any thread.
 *
 *     struct hk_buf out;
 *     hk_buf_init(&out, HK_MAX_BODY_BYTES);
 *     if (!hk_inflate(HK_STR("gzip"), body, &out, err)) { ... }
 */
#ifndef HK_TRACKING_INFLATE_H
#define HK_TRACKING_INFLATE_H

#include "engine/base/buf.h"

/* encoding: of Content-Encoding, in any case. HK_INVALID: it is another one, or the bytes are not what it says, or not
 * all of them; HK_LIMIT: `out` cannot hold it. */
HK_MUST_USE bool hk_inflate(struct hk_str encoding, struct hk_str bytes, struct hk_buf *out, struct hk_error *err);

#endif
