"""Traces and assessments as ordinary code makes them."""

import time

import mlflow
from checks import equal, test, unique
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
def deleting_traces(server):
    experiment_id, ids = traced("a?", "b?")
    client = MlflowClient()
    equal(client.delete_traces(experiment_id, trace_ids=ids[:1]), 1)
    equal([t.info.trace_id for t in client.search_traces(locations=[experiment_id])], ids[1:])
    equal(client.delete_traces(experiment_id, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=10), 1)
    equal(len(client.search_traces(locations=[experiment_id])), 0)
