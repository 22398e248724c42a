/* A graph as text, which is how the database keeps it: JSON Lines. The first line holds the DAG's own fields, then
 * comes one line a group (without the root) and one line a task, in order:
 *
 *     {"hanok_graph":1,"groups":1,"tasks":2,"dag_id":"etl","tags":["daily"],"schedule_kind":"cron",...}
 *     {"group_id":"load","parent":0}
 *     {"task_id":"load.a","group":1,"runner":"command","spec":"{\"command\":\"true\"}"}
 *     {"task_id":"load.b","group":1,"up":[0]}
 *
 * Fields that have their default value are left out; JSON documents are kept as strings, so that they come back byte
 * for byte. "up" names upstream tasks by index. What is written is read back as the same graph. Members that a
 * reader does not know are passed over, so that a newer hanok may add some; a higher version number is refused. One
 * line at a time is in memory as JSON. Any thread. */
#ifndef HK_GRAPH_GRAPH_CODEC_H
#define HK_GRAPH_GRAPH_CODEC_H

#include "engine/base/buf.h"
#include "engine/graph/graph.h"

enum { HK_GRAPH_VERSION = 1, HK_GRAPH_DIGEST_SIZE = 33 };

/* Appends to out. HK_LIMIT when out's maximum (HK_MAX_DAG_DOCUMENT_BYTES, say) is passed. */
HK_MUST_USE bool hk_graph_write(const struct hk_graph *graph, struct hk_buf *out, struct hk_error *err);

/* *out holds one reference. HK_CORRUPT with the line for anything that hk_graph_write would not have written. */
HK_MUST_USE bool hk_graph_read(struct hk_str text, struct hk_graph **out, struct hk_error *err);

/* 32 hex digits of the written text: equal texts, equal digests, so that an unchanged file makes no new version. It
 * tells versions of one DAG apart and is no protection against somebody who wants a collision. */
void hk_graph_digest(struct hk_str text, char out[HK_GRAPH_DIGEST_SIZE]);

#endif
