-- A model's trail goes on under its new name: what was decided under the old one is found by its rename, whose comment
-- is the new name. A name's own trail ends where its model was renamed or deleted.
CREATE INDEX promotion_audit_renames ON promotion_audit(comment, audit_key)
    WHERE action = 'rename' AND outcome = 'applied';
CREATE INDEX promotion_audit_ends ON promotion_audit(model, audit_key)
    WHERE action IN ('rename', 'delete') AND outcome = 'applied';
