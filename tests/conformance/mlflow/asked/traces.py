"""Traces over JSON: information, tags, assessments, search, deletion. The spans come as OTLP by the client in test_traces.py."""

V3 = "/api/3.0/mlflow/traces"


def trace(experiment, trace_id, **more):
    return {"trace": {"trace_info": {"trace_id": trace_id, "trace_location": {"type": "MLFLOW_EXPERIMENT",
        "mlflow_experiment": {"experiment_id": experiment}},
                                     "request_time": "2026-01-02T03:04:05.678Z", "execution_duration": "1.500s", "state": "OK",
                                     "request_preview": '"why"',
                                     "response_preview": '"so"', "trace_metadata": {"mlflow.source.name": "x.py"},
                                     "tags": {"mlflow.traceName": "answer", "team": "roof"}, **more}}}


def ask(s):
    experiment = s.experiment("traces")
    one, two, none = "tr-" + "1" * 32, "tr-" + "2" * 32, "tr-" + "9" * 32
    for body in ({}, {"trace": {}}, trace("99", one), trace(experiment, one), trace(experiment, one),
        trace(experiment, two, state="ERROR", request_time="2026-01-02T03:04:06Z", tags={})):
        s.post(V3, body)
    for trace_id in (one, two, none, "x"):
        s.get(f"{V3}/{trace_id}")
        s.get(f"traces/{trace_id}/info")
    for trace_id, body in ((one, {"key": "k", "value": "v"}), (one, {"key": "k", "value": "w"}), (one, {}), (one, {"key": "k"}),
                           (none, {"key": "k", "value": "v"}), (one, {"key": "x" * 251, "value": "v"})):
        s.patch(f"{V3}/{trace_id}/tags", body)
    s.delete(f"{V3}/{one}/tags?key=k")
    s.delete(f"{V3}/{one}/tags", {"key": "k"})
    s.delete(f"{V3}/{one}/tags", {})
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}

    def search(**body):
        s.post(f"{V3}/search", {"locations": [location], **body})
        s.pick("traces", lambda trace: trace["tags"].get("mlflow.traceName", trace["trace_id"]))

    for text in ("", "status = 'OK'", "status = 'ERROR'", "trace.status = 'OK'", "attributes.status = 'OK'",
                 "tags.team = 'roof'", "tag.team != 'roof'", "tags.`mlflow.traceName` = 'answer'", "trace.name = 'answer'",
        "name = 'answer'",
                 "timestamp_ms > 0", "timestamp > 0", "execution_time_ms > 1000", "execution_time > 1000",
                 "metadata.`mlflow.source.name` = 'x.py'", "request_metadata.x = 'y'", "run_id = 'x'", "colour = 'x'",
                 "status = 'OK' OR status = 'ERROR'",
                 "status =", "metrics.x > 1", "trace.execution_time_ms < 'x'"):
        search(filter=text)
    for order in (["timestamp_ms"], ["timestamp_ms DESC"], ["timestamp ASC"], ["execution_time_ms"], ["status"], ["colour"],
                  ["timestamp_ms SIDEWAYS"], ["tags.team"]):
        search(order_by=order)
    for limit in (0, 1, 500, 501, -1, "x"):
        search(max_results=limit)
    search(page_token="x")
    s.post(f"{V3}/search", {})
    source = {"source_type": "HUMAN", "source_id": "kim"}
    good = {"assessment_name": "correct", "trace_id": one, "source": source, "feedback": {"value": True}, "rationale": "so"}
    made = s.post(f"{V3}/{one}/assessments", {"assessment": good})
    for body in ({}, {"assessment": {}}, {"assessment": {**good, "assessment_name": ""}},
                 {"assessment": {"assessment_name": "n", "source": source}},
                 {"assessment": {**good, "source": {"source_type": "NONSENSE"}}}):
        s.post(f"{V3}/{one}/assessments", body)
    s.post(f"{V3}/{none}/assessments", {"assessment": {**good, "trace_id": none}})
    at = f"{V3}/{one}/assessments/{made['assessment']['assessment_id']}"
    s.get(at)
    s.patch(at, {"assessment": {**good, "feedback": {"value": False}}, "update_mask": "feedback"})
    s.get(at)
    s.delete(at)
    s.get(at)
    s.get(f"{V3}/{one}/assessments/a-{'0' * 32}")
    for body in ({}, {"experiment_id": experiment}, {"experiment_id": experiment, "request_ids": [one], "max_traces": 1},
                 {"experiment_id": experiment, "request_ids": [none]},
                 {"experiment_id": experiment, "request_ids": [one, two]},
                 {"experiment_id": experiment, "max_timestamp_millis": 1, "max_traces": 0}):
        s.post(f"{V3}/delete-traces", body)
    s.get(f"{V3}/{one}")
