/* Decoded graphs of DAG versions, shared by all connections of a store: decoding a graph takes far longer than whatever
 * is asked of it, and a version's graph never changes. Keyed by the version's UUID and not by its row, whose number may
 * be used again. Holds the most recently used ones up to a number of bytes of their documents. Any thread. */
#ifndef HK_STORE_GRAPH_CACHE_H
#define HK_STORE_GRAPH_CACHE_H

#include "engine/graph/graph.h"

struct hk_graph_cache;

struct hk_graph_cache *hk_graph_cache_new(size_t max_bytes);
void hk_graph_cache_free(struct hk_graph_cache *cache); /* graphs in use live on; NULL does nothing */

/* A reference of the caller's, or NULL. */
struct hk_graph *hk_graph_cache_find(struct hk_graph_cache *cache, struct hk_str version_id);
/* Takes a reference of its own. document_bytes: the measure of its size. */
void hk_graph_cache_add(struct hk_graph_cache *cache, struct hk_str version_id, struct hk_graph *graph,
                        size_t document_bytes);

#endif
