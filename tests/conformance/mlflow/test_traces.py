"""Traces and assessments as ordinary code makes them."""

import base64
import json
import os
import time
import urllib.request

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource


@mlflow.trace(span_type="CHAIN", attributes={"floor": 1})
def answer(question):
    with mlflow.start_span("look up", span_type="RETRIEVER") as span:
        span.set_inputs({"question": question})
        span.set_outputs(["한옥"])
    mlflow.update_current_trace(tags={"team": "roof"})
    return question.upper()


def traced(*questions):
    """(experiment id, trace ids)"""
    experiment = mlflow.set_experiment(unique("traces"))
    ids = []
    for question in questions:
        time.sleep(0.002)  # what began in one millisecond has no order
        answer(question)
        ids.append(mlflow.get_last_active_trace_id())
    mlflow.flush_trace_async_logging()
    return experiment.experiment_id, ids


@test
def a_trace_comes_back_with_its_spans(server):
    experiment_id, (trace_id,) = traced("why?")
    trace = mlflow.get_trace(trace_id)
    equal((trace.info.experiment_id, str(trace.info.state.value), trace.info.tags["team"]), (experiment_id, "OK", "roof"))
    equal((trace.info.request_preview, trace.info.response_preview), ('{"question": "why?"}', '"WHY?"'))
    equal([(s.name, s.span_type) for s in trace.data.spans], [("answer", "CHAIN"), ("look up", "RETRIEVER")])
    root, child = trace.data.spans
    equal((child.parent_id, child.outputs, root.outputs, root.get_attribute("floor")), (root.span_id, ["한옥"], "WHY?", 1))
    assert trace.info.execution_duration >= 0 and trace.info.request_time > 1_700_000_000_000


@test
def a_trace_that_fails(server):
    mlflow.set_experiment(unique("failing"))

    @mlflow.trace
    def fails():
        raise ValueError("the roof leaks")

    try:
        fails()
    except ValueError:
        pass
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    equal(str(trace.info.state.value), "ERROR")
    assert any("the roof leaks" in str(event.attributes) for event in trace.data.spans[0].events)


@test
def searching_traces(server):
    experiment_id, ids = traced("one?", "two?", "three?")
    client = MlflowClient()
    client.set_trace_tag(ids[1], "colour", "red")

    def search(text=None, **options):
        found = client.search_traces(locations=[experiment_id], filter_string=text, **options)
        return [trace.info.trace_id for trace in found]

    equal(search(), ids[::-1])
    equal(search("tags.colour = 'red'"), [ids[1]])
    equal(search("status = 'OK'", order_by=["timestamp_ms ASC"]), ids)
    equal(search("status = 'ERROR'"), [])
    equal(search(max_results=2), ids[:0:-1])
    equal(sorted(mlflow.search_traces(locations=[experiment_id])["trace_id"]), sorted(ids))
    client.delete_trace_tag(ids[1], "colour")
    equal(search("tags.colour = 'red'"), [])


def finder(experiment_id, names):
    """A function that tells the names of the traces that a filter finds."""
    client = MlflowClient()

    def search(text):
        found = client.search_traces(locations=[experiment_id], filter_string=text)
        return sorted(names[trace.info.trace_id] for trace in found)

    return search


@test
def searching_by_what_spans_are(server):
    experiment = mlflow.set_experiment(unique("spans"))
    names = {}
    for name, kind, model in [("a", "LLM", "pine-1"), ("b", "TOOL", "pine-1"), ("c", "LLM", "oak")]:
        with mlflow.start_span(name, span_type=kind, attributes={"model": model, "size": 3}) as span:
            span.set_inputs({"ask": f"how high is {model}?"})
            with mlflow.start_span("inner", span_type="PARSER"):
                pass
        names[span.trace_id] = name
    mlflow.flush_trace_async_logging()
    search = finder(experiment.experiment_id, names)
    equal(search("span.type = 'LLM'"), ["a", "c"])
    equal(search("span.type IN ('TOOL', 'PARSER')"), ["a", "b", "c"])
    equal(search("span.name = 'inner'"), ["a", "b", "c"])
    equal(search("span.name LIKE 'B%'"), [])
    equal(search("span.name ILIKE 'B%'"), ["b"])
    equal(search("span.type = 'LLM' AND span.name = 'a'"), ["a"])
    equal(search("span.type = 'PARSER' AND span.name = 'a'"), [])  # of one and the same span
    equal(search("span.status = 'ERROR'"), [])
    equal(search("span.status = 'OK'"), ["a", "b", "c"])
    equal(search("span.attributes.model LIKE '%pine%'"), ["a", "b"])
    equal(search("span.attributes.`model` ILIKE '%OAK%'"), ["c"])
    equal(search("span.attributes.model LIKE '%pine%' AND span.type = 'TOOL'"), ["b"])
    equal(search("span.content LIKE '%how high is oak%'"), ["c"])
    equal(search("trace.text ILIKE '%HOW HIGH is pine%'"), ["a", "b"])
    equal(search("status = 'OK' AND span.name = 'c'"), ["c"])
    if server.is_hanok:  # the real server compares these with the whole JSON of a span, so nothing is ever equal
        equal(search("span.attributes.model = 'oak'"), ["c"])
        equal(search("span.attributes.size = '3' AND span.name = 'a'"), ["a"])
    for text, piece in [("span.colour = 'red'", "Invalid span attribute 'colour'"), ("span.name > 'a'", "comparator '>'"),
                        ("span.content = 'x'", "comparator '='"), ("span.name = 3", "quoted string")]:
        with refused("INVALID_PARAMETER_VALUE", piece):
            search(text)


@test
def searching_by_what_was_said(server):
    experiment_id, ids = traced("one?", "two?", "three?")
    search = finder(experiment_id, dict(zip(ids, "abc")))
    for trace_id, score, tone, fine in zip(ids, [0.2, 0.9, 5], ["calm", "loud", "calm"], [True, False, True]):
        mlflow.log_feedback(trace_id=trace_id, name="score", value=score)
        mlflow.log_feedback(trace_id=trace_id, name="tone", value=tone)
        mlflow.log_feedback(trace_id=trace_id, name="fine", value=fine)
    mlflow.log_expectation(trace_id=ids[0], name="wanted", value="ONE?")
    mlflow.log_expectation(trace_id=ids[1], name="height", value=7)
    equal(search("feedback.tone = 'calm'"), ["a", "c"])
    equal(search("feedback.tone != 'calm'"), ["b"])
    equal(search("feedback.tone LIKE '%lou%'"), ["b"])
    equal(search("feedback.`tone` ILIKE '%CALM%'"), ["a", "c"])
    equal(search("feedback.fine = 'true'"), ["a", "c"])
    equal(search("feedback.score > 0.5"), ["b", "c"])
    equal(search("feedback.score >= 5"), ["c"])
    equal(search("feedback.score < 0.9"), ["a"])
    equal(search("feedback.tone > 1"), [])  # no number
    equal(search("expectation.wanted = 'ONE?'"), ["a"])
    equal(search("expectation.wanted IS NOT NULL"), ["a"])
    equal(search("expectation.wanted IS NULL"), ["b", "c"])
    equal(search("expectation.height > 6"), ["b"])
    equal(search("feedback.wanted IS NOT NULL"), [])
    equal(search("feedback.tone = 'calm' AND feedback.score > 1"), ["c"])
    said = next(a for a in mlflow.get_trace(ids[0]).info.assessments if a.name == "tone")
    mlflow.override_feedback(trace_id=ids[0], assessment_id=said.assessment_id, value="loud")
    equal(search("feedback.tone = 'calm'"), ["c"])  # what was overridden does not count
    equal(search("feedback.tone = 'loud'"), ["a", "b"])
    for text, piece in [("feedback.score > '1'", "numeric value"), ("feedback.score = 1", "quoted string"),
                        ("feedback.score IN ('a')", "")]:
        with refused("INVALID_PARAMETER_VALUE", piece):
            search(text)


@test
def a_trace_within_a_run(server):
    mlflow.set_experiment(unique("traced-run"))
    with mlflow.start_run() as run:
        answer("inside?")
    mlflow.flush_trace_async_logging()
    found = mlflow.search_traces(run_id=run.info.run_id, return_type="list")
    equal([trace.info.trace_metadata["mlflow.sourceRun"] for trace in found], [run.info.run_id])


@test
def assessments(server):
    _, (trace_id,) = traced("good?")
    source = AssessmentSource(source_type="HUMAN", source_id="kim")
    feedback = mlflow.log_feedback(trace_id=trace_id, name="correct", value=True, source=source, rationale="as it is")
    mlflow.log_expectation(trace_id=trace_id, name="wanted", value="GOOD?", source=source)
    found = {a.name: a for a in mlflow.get_trace(trace_id).info.assessments}
    equal((found["correct"].value, found["correct"].rationale, found["correct"].source.source_id), (True, "as it is", "kim"))
    equal(found["wanted"].value, "GOOD?")
    changed = mlflow.entities.Feedback(name="correct", value=False, source=source, trace_id=trace_id)
    mlflow.update_assessment(trace_id, feedback.assessment_id, changed)
    equal(mlflow.get_assessment(trace_id, feedback.assessment_id).value, False)
    mlflow.delete_assessment(trace_id, feedback.assessment_id)
    equal([a.name for a in mlflow.get_trace(trace_id).info.assessments], ["wanted"])


@test
def spans_of_the_exporter_of_opentelemetry(server):
    """Whoever has no MLflow sends spans with OpenTelemetry's own exporter, compressed or not."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    experiment_id = mlflow.set_experiment(unique("otel")).experiment_id
    login = f"{os.environ.get('MLFLOW_TRACKING_USERNAME', '')}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
    headers = {"x-mlflow-experiment-id": experiment_id, "Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
    for compression in (Compression.NoCompression, Compression.Gzip, Compression.Deflate):
        exporter = OTLPSpanExporter(f"{server.url}/v1/traces", headers=headers, compression=compression)
        provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("tests").start_as_current_span(compression.value, attributes={"depth": 2, "wood": "pine"}):
            pass
        provider.shutdown()
        (trace,) = [t for t in mlflow.search_traces(locations=[experiment_id], return_type="list",
                                                    filter_string=f"span.name = '{compression.value}'")]
        equal([(s.name, s.attributes["depth"], s.attributes["wood"]) for s in trace.data.spans],
              [(compression.value, 2, "pine")])
        equal(str(trace.info.state.value), "OK")
        equal(trace.info.tags["service.name"], "shop")
        equal([key for key in trace.info.tags if key.startswith("telemetry.sdk.")], [])


@test
def spans_as_json(server):
    experiment_id = mlflow.set_experiment(unique("json")).experiment_id
    login = f"{os.environ.get('MLFLOW_TRACKING_USERNAME', '')}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
    attributes = [{"key": "wood", "value": {"stringValue": "소나무"}}, {"key": "depth", "value": {"intValue": "2"}},
                  {"key": "share", "value": {"doubleValue": 0.5}}, {"key": "dry", "value": {"boolValue": True}},
                  {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}},
                  {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": -1}}]}}}]
    span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "json", "kind": 1,
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000, "attributes": attributes,
            "events": [{"timeUnixNano": "1544712660500000000", "name": "knock", "attributes": attributes[:1]}],
            "status": {"code": 2, "message": "it leaks"}, "unknown": {"a": 1}}
    child = {**span, "spanId": "eee19b7ec3c1b175", "parentSpanId": "EEE19B7EC3C1B174", "name": "child", "status": {}}
    body = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {}, "spans": [span, child]}]}]}
    request = urllib.request.Request(f"{server.url}/v1/traces", json.dumps(body).encode(), {
        "Content-Type": "application/json; charset=utf-8", "x-mlflow-experiment-id": experiment_id,
        "Authorization": "Basic " + base64.b64encode(login.encode()).decode()})
    with urllib.request.urlopen(request) as answer:
        equal(answer.status, 200)
    (trace,) = mlflow.search_traces(locations=[experiment_id], return_type="list")
    equal((trace.info.trace_id, str(trace.info.state.value)), ("tr-5b8efff798038103d269b633813fc60c", "ERROR"))
    equal((trace.info.tags["wood"], trace.info.tags["depth"]), ("소나무", "2"))  # the resource's
    found = {s.name: s for s in trace.data.spans}
    equal(found["child"].parent_id, found["json"].span_id)
    wanted = {"wood": "소나무", "depth": 2, "share": 0.5, "dry": True, "list": [1, "a"], "map": {"a": -1}}
    equal({key: found["json"].attributes.get(key) for key in wanted}, wanted)
    equal((found["json"].start_time_ns, found["json"].end_time_ns), (1544712660000000000, 1544712661000000000))
    equal([(e.name, e.attributes["wood"]) for e in found["json"].events], [("knock", "소나무")])
    equal(found["json"].status.description, "it leaks")


@test
def deleting_traces(server):
    experiment_id, ids = traced("a?", "b?")
    client = MlflowClient()
    equal(client.delete_traces(experiment_id, trace_ids=ids[:1]), 1)
    equal([t.info.trace_id for t in client.search_traces(locations=[experiment_id])], ids[1:])
    equal(client.delete_traces(experiment_id, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=10), 1)
    equal(len(client.search_traces(locations=[experiment_id])), 0)
