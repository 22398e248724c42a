"""Experiments: made, looked up, tagged, deleted, restored; and what cannot be."""

WRONG_BODIES = [b"", b"{", b"[]", b"null", b'"x"', b'{"name": ', b"\xff\xfe", b'{"name": "x"} more']


def ask(s):
    s.get("experiments/get", experiment_id="0")
    s.get("experiments/get-by-name", experiment_name="Default")
    for body in ({}, {"name": None}, {"name": ""}, {"name": 5}, {"name": True}, {"name": ["a"]}, {"name": {"a": 1}},
                 {"name": " "}, {"name": "x" * 501}, {"nam": "typo"}, {"name": "t", "tags": "x"}, {"name": "t", "tags": [1]},
                 {"name": "t", "tags": [{"key": "a"}]}, {"name": "t", "tags": [{"value": "a"}]}, {"name": "t", "tags": {}},
                 {"name": "t", "tags": [{"key": "x" * 251, "value": ""}]}, {"name": "t", "tags": [{"key": "", "value": ""}]},
                 {"name": "t", "tags": [{"key": "a\u0000b", "value": ""}]}, {"name": "t", "artifact_location": "x?y"},
                 {"name": "t", "artifact_location": "s3://b/../c"}, {"name": "t", "artifact_location": "mlflow-artifacts:/a#b"},
                 {"name": "t", "tags": [{"key": "a", "value": "x" * 5001}]}):
        s.post("experiments/create", body)
    for body in WRONG_BODIES:
        s.post("experiments/create", body)
    s.post("experiments/create", {"name": "plain text"}, headers={"Content-Type": "text/plain"})
    s.post("experiments/create", {"name": "no type"}, headers={"Content-Type": "application/json; charset=utf-8"})
    one = s.post("experiments/create", {"name": "one", "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "한"}]})
    one = one["experiment_id"]
    s.post("experiments/create", {"name": "one"})
    two = s.post("experiments/create", {"name": "two/of 2", "artifact_location": "s3://bucket/two"})["experiment_id"]
    s.post("experiments/create", {"name": "twice", "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]})
    s.post("experiments/create", {"name": "camel", "artifactLocation": "s3://bucket/camel"})
    for experiment_id in (one, two):
        s.get("experiments/get", experiment_id=experiment_id)
    s.ask("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=" + one)
    for query in ({}, {"experiment_id": ""}, {"experiment_id": "99"}, {"experiment_id": "x"}, {"experiment_id": "-1"},
                  {"experiment_id": "99999999999999999999"}, {"experimentId": one}, {"experiment_id": one, "more": "x"}):
        s.get("experiments/get", **query)
    for query in ({}, {"experiment_name": ""}, {"experiment_name": "none"}, {"experiment_name": "ONE"}, {"name": "one"}):
        s.get("experiments/get-by-name", **query)
    s.get("experiments/get-by-name", experiment_name="two/of 2")

    s.post("experiments/set-experiment-tag", {"experiment_id": one, "key": "c", "value": "3"})
    s.post("experiments/set-experiment-tag", {"experiment_id": one, "key": "a", "value": "other"})
    for body in ({}, {"experiment_id": one}, {"experiment_id": one, "key": "k"}, {"experiment_id": one, "key": "k", "value": 5},
                 {"experiment_id": "99", "key": "k", "value": "v"}, {"experiment_id": one, "key": "", "value": "v"},
                 {"experiment_id": one, "key": "x" * 251, "value": "v"}, {"experiment_id": one, "key": "k", "value": "x" * 5001},
                 {"experiment_id": one, "key": "a//b", "value": "v"}, {"experiment_id": one, "key": "/a", "value": "v"},
                 {"experiment_id": one, "key": "../a", "value": "v"}, {"experiment_id": one, "key": "a$", "value": "v"},
                 {"experiment_id": int(one), "key": "k", "value": "v"}, {"experiment_id": one, "key": "e", "value": ""}):
        s.post("experiments/set-experiment-tag", body)
    s.post("experiments/delete-experiment-tag", {"experiment_id": one, "key": "c"})
    for body in ({}, {"experiment_id": one}, {"experiment_id": one, "key": "c"}, {"experiment_id": "99", "key": "c"}):
        s.post("experiments/delete-experiment-tag", body)
    s.get("experiments/get", experiment_id=one)

    for body in ({}, {"experiment_id": one}, {"experiment_id": one, "new_name": ""},
                 {"experiment_id": one, "new_name": "two/of 2"},
                 {"experiment_id": one, "new_name": "uno"}, {"experiment_id": "99", "new_name": "x"}, {"new_name": "x"}):
        s.post("experiments/update", body)
    s.get("experiments/get-by-name", experiment_name="uno")

    run = s.run(one)
    for body in ({}, {"experiment_id": "99"}, {"experiment_id": one}, {"experiment_id": one}):
        s.post("experiments/delete", body)
    s.get("experiments/get", experiment_id=one)
    s.get("experiments/get-by-name", experiment_name="uno")
    s.get("runs/get", run_id=run)
    s.post("experiments/set-experiment-tag", {"experiment_id": one, "key": "k", "value": "v"})
    s.post("experiments/update", {"experiment_id": one, "new_name": "dead"})
    s.post("runs/create", {"experiment_id": one})
    s.post("experiments/create", {"name": "uno"})
    s.post("experiments/delete", {"experiment_id": "0"})
    s.post("experiments/restore", {"experiment_id": "0"})
    for body in ({}, {"experiment_id": "99"}, {"experiment_id": one}, {"experiment_id": one}):
        s.post("experiments/restore", body)
    s.get("runs/get", run_id=run)
    s.get("experiments/create", name="x")
    s.ask("DELETE", "experiments/get")
    s.post("experiments/nothing", {})
    s.get("experiments")
