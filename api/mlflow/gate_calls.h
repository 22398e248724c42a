/* What the doors of gates share: whom a promotion is by, what is to be looked at before it is written, and how targets,
 * requests and verdicts are written as JSON. */
#ifndef HK_API_MLFLOW_GATE_CALLS_H
#define HK_API_MLFLOW_GATE_CALLS_H

#include "api/mlflow/registry.h"

/* Fills in the actor, the role and the time. */
void hk__ml_promotion_by(const struct hk_request *req, struct hk_promotion *promotion);
/* What a request that may have to be opened needs: an id, and which task asks. Writer thread. */
bool hk__ml_may_open(struct hk_db *db, const struct hk__ml_write *write, struct hk_promotion *promotion,
                     struct hk_error *err);

/* After a failure: another promotion to the target was first, which is a conflict and no name that is taken. */
void hk__ml_promotion_lost(struct hk__ml_write *write, const struct hk_promotion *promotion,
                           const struct hk_error *err);

/* "alias" or "stage" of the arguments becomes the promotion's target; a mistake when there is none or both. */
void hk__ml_target_argument(struct hk__ml_arguments *args, struct hk_promotion *promotion);

/* Before a promotion towards a target is written: notes who holds the target, so that of two at once one fails, and
 * looks at the version's files where a policy asks for them; then runs the write as hk__ml_write_begin does. */
void hk__ml_promotion_begin(const struct hk_request *req, struct hk_response *res, struct hk_promotion *promotion,
                            void *data,
                            bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err));

/* {"alias": "champion"} */
void hk__ml_write_target(struct hk_json *w, const struct hk_target *target);
void hk__ml_write_verdict(struct hk_json *w, const struct hk_verdict *verdict);

extern const struct hk__ml_table hk__ml_gates_table;
extern const struct hk__ml_table hk__ml_policies_table;
extern const struct hk__ml_table hk__ml_requests_table;

#endif
