-- What a request waits for may be taken away, or stopped: whoever does it, the request is judged anew (is_stirred until
-- then), and a DAG run that was deleted is not made again.
ALTER TABLE promotion_wait ADD COLUMN is_gone INTEGER NOT NULL DEFAULT 0; -- that run was deleted
ALTER TABLE promotion_wait ADD COLUMN is_stirred INTEGER NOT NULL DEFAULT 0;
CREATE INDEX promotion_wait_stirred ON promotion_wait(request_key) WHERE is_stirred = 1;

CREATE TRIGGER promotion_wait_run_deleted AFTER DELETE ON dag_run BEGIN
    UPDATE promotion_wait SET is_gone = 1, is_stirred = 1 WHERE dag_id = old.dag_id AND run_id = old.run_id
        AND EXISTS (SELECT 1 FROM promotion_request r
                    WHERE r.request_key = promotion_wait.request_key AND r.state = 'open');
END;
CREATE TRIGGER promotion_wait_dag_changed AFTER UPDATE OF is_paused, is_stale ON dag
    WHEN old.is_paused <> new.is_paused OR old.is_stale <> new.is_stale BEGIN
    UPDATE promotion_wait SET is_stirred = 1 WHERE dag_id = new.dag_id
        AND EXISTS (SELECT 1 FROM promotion_request r
                    WHERE r.request_key = promotion_wait.request_key AND r.state = 'open');
END;
CREATE TRIGGER promotion_wait_dag_deleted AFTER DELETE ON dag BEGIN
    UPDATE promotion_wait SET is_stirred = 1 WHERE dag_id = old.dag_id
        AND EXISTS (SELECT 1 FROM promotion_request r
                    WHERE r.request_key = promotion_wait.request_key AND r.state = 'open');
END;
