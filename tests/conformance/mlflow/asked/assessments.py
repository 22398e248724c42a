"""What is said of traces, and what is no assessment: members of wrong types, which MLflow reads as far as it can."""

from asked.traces import V3, trace

SOURCE = {"source_type": "HUMAN", "source_id": "kim"}


def ask(s):
    one = "tr-" + "d" * 32
    s.post(V3, trace(s.experiment("assessments"), one))

    def say(**members):
        return s.post(f"{V3}/{one}/assessments", {"assessment": {"assessment_name": "a", "source": SOURCE, **members}})

    first = say(feedback={"value": True})["assessment"]["assessment_id"]
    for value in (None, 5, 1.5, "x", [], ["x", 1], {"a": {"b": None}}, "한옥"):
        say(feedback={"value": value})
        say(expectation={"value": value})
    say(feedback={"value": 1}, metadata={"k": "v", "l": ""}, rationale="so", span_id="s")
    say(feedback={"value": 1, "error": {"error_code": "E", "error_message": "m"}})
    say(feedback={"value": 2}, overrides=first)
    say(feedback={"value": 2}, overrides="a-" + "0" * 32)
    for source in ({}, {"source_type": "CODE"}, {"source_type": "LLM_JUDGE", "source_id": ""}, {"source_id": "kim"}, None,
                   {"source_type": None, "source_id": None}):
        say(feedback={"value": 1}, source=source)
    s.get(f"{V3}/{one}")  # before what MLflow takes and hanok does not
    for members in ({"feedback": 5}, {"feedback": {"value": 1}, "metadata": {"k": 5}}, {"feedback": {"value": 1}, "rationale": 5},
                    {"feedback": {"value": 1}, "source": {**SOURCE, "source_id": 5}}, {"feedback": {"value": 1}, "source": "x"},
                    {"feedback": {"value": 1, "error": {"error_code": 5}}}, {"feedback": {"value": 1}, "create_time": "x"}):
        say(**members)
