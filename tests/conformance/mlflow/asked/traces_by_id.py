"""Traces that are known by their ids: read alone and in batches, tagged, linked to runs, deleted.

Some of it goes by addresses of version 2, which clients of version 3 still use."""

from asked.traces import V3, trace

V2 = "/api/2.0/mlflow/traces"


def ask(s):
    experiment = s.experiment("by id")
    run = s.run(experiment)
    one, two, none = "tr-" + "a" * 32, "tr-" + "b" * 32, "tr-" + "c" * 32
    for trace_id in (one, two):
        s.post(V3, trace(experiment, trace_id))
    for query in ({}, {"trace_id": one}, {"trace_id": one, "allow_partial": "true"}, {"trace_id": none}, {"trace_id": ""},
                  {"trace_id": one, "allow_partial": "x"}):
        s.get(f"{V3}/get", **query)
    for query in ({}, {"trace_ids": one}, {"trace_ids": [one, two]}, {"trace_ids": [one, none]}, {"trace_ids": none},
                  {"trace_ids": [two, one, one]}):
        s.get(f"{V3}/batchGet", **query)
    for body in ({}, {"trace_ids": []}, {"trace_ids": [one]}, {"trace_ids": [two, one]}, {"trace_ids": [one, none]},
                 {"trace_ids": one}, {"trace_ids": [5]}, {"trace_ids": [one, one]}):
        s.post(f"{V3}/batchGetInfos", body)
    for trace_id, body in ((one, {"key": "k", "value": "v"}), (one, {"key": "k", "value": "w"}), (one, {}), (one, {"key": "k"}),
                           (none, {"key": "k", "value": "v"}), (one, {"key": "", "value": "v"}), (one, {"key": 5, "value": "v"}),
                           (one, {"key": "x" * 251, "value": "v"}), (one, {"key": "long", "value": "x" * 9000})):
        s.patch(f"{V2}/{trace_id}/tags", body)
    for trace_id, body in ((one, {"key": "k"}), (one, {"key": "k"}), (one, {}), (none, {"key": "k"})):
        s.delete(f"{V2}/{trace_id}/tags", body)
    for body in ({}, {"run_id": run}, {"trace_ids": [one]}, {"run_id": run, "trace_ids": []},
                 {"run_id": run, "trace_ids": [one, two]}, {"run_id": run, "trace_ids": [one]},
                 {"run_id": run, "trace_ids": one}, {"run_id": run, "trace_ids": [none]}, {"run_id": "x", "trace_ids": [one]},
                 {"run_id": run, "trace_ids": [f"tr-{n}" for n in range(101)]}):
        s.post(f"{V2}/link-to-run", body)
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    for text in (f"run_id = '{run}'", f"metadata.mlflow.sourceRun = '{run}'", f"request_id = '{one}'", "request_id = 'x'",
                 f"request_id IN ('{one}', '{two}')", f"request_id LIKE 'tr-{'a' * 31}%'"):
        s.post(f"{V3}/search", {"locations": [location], "filter": text})
        s.pick("traces", lambda found: found["trace_id"])
    for body in ({}, {"experiment_id": experiment}, {"experiment_id": experiment, "request_ids": [one], "max_traces": 1},
                 {"experiment_id": experiment, "request_ids": [none]}, {"experiment_id": "99", "request_ids": [one]},
                 {"experiment_id": experiment, "request_ids": "x"}, {"experiment_id": experiment, "request_ids": [one]},
                 {"experiment_id": experiment, "request_ids": [one]},
                 {"experiment_id": experiment, "max_timestamp_millis": 1 << 60, "max_traces": 5}):
        s.post(f"{V2}/delete-traces", body)
    s.post(f"{V3}/batchGetInfos", {"trace_ids": [one, two]})
