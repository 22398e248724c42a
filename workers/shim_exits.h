/* HOME/run/exits: how jobs ended whose results the engine had not yet committed, as ENDED frames of workers/shim_wire.h
 * one behind the other. The shim appends; the engine reads it only when the shim is dead. A record torn by a crash ends
 * it. */
#ifndef HK_WORKERS_SHIM_EXITS_H
#define HK_WORKERS_SHIM_EXITS_H

#include "workers/shim_wire.h"

#define HK_SHIM_EXITS_FILE "exits"

/* Reads the file whole into out (empty when there is none). Not on the loop thread. */
void hk_shim_exits_read(const char *home, struct hk_buf *out);
/* Walks the records: *at starts with 0. false: no more. */
bool hk_shim_exits_next(const struct hk_buf *all, size_t *at, struct hk_shim_message *message);

#endif
