"""Runs: made, changed, logged to one value at a time; and what cannot be."""


def ask(s):
    experiment = s.experiment("runs")
    for body in ({}, {"experiment_id": "99"}, {"experiment_id": "x"}, {"experiment_id": experiment, "start_time": "x"},
                 {"experiment_id": experiment, "tags": "x"}, {"experiment_id": experiment, "tags": [{"key": "k"}]},
                 {"experiment_id": experiment, "start_time": 1.5}, {"experiment_id": experiment, "user_id": 5},
                 {"experiment_id": experiment, "tags": [{"key": "x" * 251, "value": "v"}]},
                 {"experiment_id": experiment, "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]},
                 {"experiment_id": experiment, "run_name": "same", "tags": [{"key": "mlflow.runName", "value": "same"}]},
                 {"experiment_id": experiment, "run_name": "", "start_time": 5},
                 {"experiment_id": experiment, "start_time": "1700000000123", "run_name": "text time"},
                 {"experiment_id": experiment, "tags": [{"key": "mlflow.runName", "value": "by tag"}], "user_id": "kim"},
                 {"experimentId": experiment, "runName": "camel", "startTime": 7},
                 {"experiment_id": experiment, "run_name": "d", "start_time": 7, "unknown": 1}, {"run_name": "no experiment"}):
        s.post("runs/create", body)
    run = s.run(experiment, run_name="first", user_id="lee", tags=[{"key": "a", "value": "1"}])
    for query in ({"run_id": run}, {"run_uuid": run}, {"run_id": "F" * 32}, {}, {"run_id": ""}, {"run_id": "x"},
                  {"run_id": "0" * 32}, {"runId": run}):
        s.get("runs/get", **query)

    for body in ({}, {"run_id": run}, {"run_id": run, "key": "k"}, {"run_id": run, "key": "k", "value": "v"},
                 {"run_uuid": run, "key": "k2", "value": "v"}, {"run_id": run, "key": "k", "value": "v"},
                 {"run_id": run, "key": "k", "value": "other"}, {"run_id": "0" * 32, "key": "k", "value": "v"},
                 {"run_id": run, "key": "", "value": "v"}, {"run_id": run, "key": "x" * 251, "value": "v"},
                 {"run_id": run, "key": "long", "value": "x" * 6001},
                 {"run_id": run, "key": "a/b c.d-e_f:g", "value": "v"}, {"run_id": run, "key": "a//b", "value": "v"},
                 {"run_id": run, "key": "../x", "value": "v"}, {"run_id": run, "key": "a*", "value": "v"},
                 {"run_id": run, "key": ".", "value": "v"}, {"run_id": run, "key": "empty", "value": ""},
                 {"run_id": run, "key": "한옥", "value": "옥"}, {"run_id": run, "key": "line\nbreak", "value": "v"}):
        s.post("runs/log-parameter", body)
    wild = s.run(experiment)  # for values of wrong types, which MLflow often takes for zero or nothing
    s.post("runs/log-parameter", {"run_id": wild, "key": "n", "value": 5})
    s.post("runs/set-tag", {"run_id": wild, "key": "n", "value": 5})
    for body in ({"value": "x", "timestamp": 1}, {"value": 1, "timestamp": "x"}, {"value": 1, "timestamp": 1.5},
                 {"value": 1, "timestamp": 1, "step": 1.5},
                 {"value": True, "timestamp": 1}, {"key": 5, "value": 1, "timestamp": 1}, {"value": None, "timestamp": 1},
                 {"value": [1], "timestamp": 1},
                 {"value": 1, "timestamp": 1, "step": 9223372036854775808}):
        s.post("runs/log-metric", {"run_id": wild, "key": "m", **body})
    for body in ({}, {"run_id": run, "key": "m"}, {"run_id": run, "value": 1}, {"run_id": run, "key": "m", "value": 1},
                 {"run_id": run, "key": "m", "value": 1.5, "timestamp": 10}, {"run_id": run, "key": "m", "value": "1"},
                 {"run_id": run, "key": "m", "value": 2, "timestamp": 11, "step": 2},
                 {"run_id": run, "key": "m", "value": "2.5", "timestamp": "12", "step": "3"},
                 {"run_id": run, "key": "m", "value": 1, "timestamp": -1},
                 {"run_id": run, "key": "nan", "value": "NaN", "timestamp": 1},
                 {"run_id": run, "key": "inf", "value": "Infinity", "timestamp": 1},
                 {"run_id": run, "key": "less", "value": "-Infinity", "timestamp": 1},
                 {"run_id": run, "key": "neg", "value": -1, "timestamp": 1, "step": -5},
                 {"run_id": run, "key": "x" * 251, "value": 1, "timestamp": 1},
                 {"run_id": run, "key": "", "value": 1, "timestamp": 1},
                 {"run_id": run, "key": "a//b", "value": 1, "timestamp": 1},
                 {"run_id": "0" * 32, "key": "m", "value": 1, "timestamp": 1},
                 {"run_id": run, "key": "big", "value": 1e308, "timestamp": 1},
                 {"run_id": run, "key": "step", "value": 1, "timestamp": 1, "step": 9223372036854775807}):
        s.post("runs/log-metric", body)
    for value in (b"NaN", b"Infinity", b"1e999"):
        s.post("runs/log-metric", b'{"run_id": "' + wild.encode() + b'", "key": "bare", "value": ' + value + b', "timestamp": 1}')
    for body in ({}, {"run_id": run}, {"run_id": run, "key": "t"}, {"run_id": run, "key": "t", "value": "1"},
                 {"run_id": run, "key": "t", "value": "2"},
                 {"run_id": run, "key": "x" * 251, "value": "v"}, {"run_id": run, "key": "long", "value": "x" * 8001},
                 {"run_id": run, "key": "", "value": "v"}, {"run_id": "0" * 32, "key": "t", "value": "1"},
                 {"run_id": run, "key": "mlflow.runName", "value": "by set-tag"},
                 {"run_id": run, "key": "mlflow.user", "value": "park"},
                 {"run_id": run, "key": "mlflow.source.name", "value": "train.py"}, {"run_id": run, "key": "a b", "value": ""}):
        s.post("runs/set-tag", body)
    for body in ({}, {"run_id": run}, {"run_id": run, "key": "t"}, {"run_id": run, "key": "t"}, {"run_id": "0" * 32, "key": "t"}):
        s.post("runs/delete-tag", body)
    s.get("runs/get", run_id=run)

    for body in ({}, {"run_id": run}, {"run_id": run, "status": "FINISHED", "end_time": 1700000001000},
                 {"run_id": run, "status": 4},
                 {"run_id": run, "status": "NONSENSE"}, {"run_id": run, "run_name": "renamed"}, {"run_id": run, "end_time": "x"},
                 {"run_id": "0" * 32, "status": "FINISHED"}, {"run_id": run, "status": "RUNNING"},
                 {"run_uuid": run, "status": "KILLED"},
                 {"run_id": run, "run_name": ""}, {"run_id": run, "status": "SCHEDULED"}, {"run_id": run, "status": 99}):
        s.post("runs/update", body)
        s.get("runs/get", run_id=run)

    for what in ("runs/delete", "runs/restore"):
        for body in ({}, {"run_id": "0" * 32}, {"run_id": run}, {"run_id": run}):
            s.post(what, body)
            s.get("runs/get", run_id=run)
        if what == "runs/delete":
            s.post("runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1})
            s.post("runs/log-parameter", {"run_id": run, "key": "late", "value": "v"})
            s.post("runs/set-tag", {"run_id": run, "key": "late", "value": "v"})
            s.post("runs/delete-tag", {"run_id": run, "key": "a"})
            s.post("runs/log-batch", {"run_id": run, "tags": [{"key": "late", "value": "v"}]})
            s.post("runs/update", {"run_id": run, "status": "FINISHED"})
    s.post("runs/log-model", {"run_id": run})
    s.post("runs/log-model", {"run_id": run, "model_json": "x"})
    s.post("runs/log-model", {"run_id": run, "model_json": '{"artifact_path": "model"}'})
    s.post("runs/log-model", {"run_id": run, "model_json": '{"artifact_path": "model", "utc_time_created": "now", "run_id": "%s",'
                                                           ' "flavors": {"sklearn": {}}}' % run})
    s.get("runs/get", run_id=run)
    s.get("runs/create")
    s.get("runs/nothing")
