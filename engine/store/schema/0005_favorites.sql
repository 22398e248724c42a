-- Which DAGs a user has marked; users are named, since they may come from a token alone.
CREATE TABLE dag_favorite (
    username TEXT NOT NULL,
    dag_key INTEGER NOT NULL REFERENCES dag(dag_key) ON DELETE CASCADE,
    PRIMARY KEY (username, dag_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX dag_favorite_by_dag ON dag_favorite(dag_key); -- a DAG that is deleted takes them along
