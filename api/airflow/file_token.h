/* The token that stands for a DAG's file in Airflow's REST bodies: its bundle and place, signed, so that what comes
 * back is known to have been handed out. A token is the same for ever, and a list asks for one per row, where signing
 * would take longer than all the rest of the row: those made last are remembered. Any thread. */
#ifndef HK_API_AIRFLOW_FILE_TOKEN_H
#define HK_API_AIRFLOW_FILE_TOKEN_H

#include "engine/base/json.h"
#include "engine/store/secret.h"

struct hk_file_tokens;

struct hk_file_tokens *hk_file_tokens_new(const struct hk_secret_key *key); /* borrows the key */
void hk_file_tokens_free(struct hk_file_tokens *tokens);                    /* NULL does nothing */

void hk_file_token_write(struct hk_file_tokens *tokens, const char *bundle_name, const char *relative_fileloc,
                         struct hk_json *w);

#endif
