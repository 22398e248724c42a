/* Answers that are given again as they are while nothing has changed. A door that can tell when something has
 * (hk_door.generation) lets its handlers say of an answer that it depends on nothing else (hk_response.is_lasting):
 * the same GET is then answered without its handler as long as the generation is the same. Whoever polls a list of an
 * engine in which nothing happens costs next to nothing; and since a write counts before it is acknowledged, nobody
 * sees an answer older than what they have been told. Credentials are checked before, every time.
 *
 * Bounded; when it is full, all are forgotten. Any thread. */
#ifndef HK_HTTP_ANSWER_CACHE_H
#define HK_HTTP_ANSWER_CACHE_H

#include <microhttpd.h>

#include "api/http/request.h"

struct hk_answer_cache;

struct hk_answer_cache *hk_answer_cache_new(size_t max_bytes);
void hk_answer_cache_free(struct hk_answer_cache *cache); /* after the daemon has stopped; NULL does nothing */

/* What the question is: address, Accept header, and who asks. Lives in the request's arena. */
struct hk_str hk_answer_key(const struct hk_request *req);

/* Queues the answer that is known; false: none is. */
bool hk_answer_cache_queue(struct hk_answer_cache *cache, struct hk_str key, uint64_t generation,
                           struct MHD_Connection *connection);

/* Takes over the caller's reference of the response, whose body has so many bytes and whose status is 200. */
void hk_answer_cache_add(struct hk_answer_cache *cache, struct hk_str key, uint64_t generation,
                         struct MHD_Response *response, size_t body_bytes);

#endif
