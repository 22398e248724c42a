"""Where hanok answers otherwise than the MLflow server, and why that is right (or not done yet)."""

import re

# (noun, question with its body, place in the entry, why): regular expressions, found anywhere.
TYPES = "MLflow takes a value of a wrong type for zero or nothing, and answers 200; hanok refuses it by name"
NO_JSON = "MLflow takes a body that is no JSON for an empty one; hanok says where it breaks"
DIFFERENCES = [
    ("experiments", r"create \{'name': 't', 'tags': \[1\]\}", r"/answer/message", TYPES),
    ("experiments", r"create (\{|null|\{\"name\": |\{\"name\": \"x\"\} more|\ufffd+)$", r"/answer/message", NO_JSON),
    ("experiments", r"'name': 'twice'", r"/answer/message",
    "SQLAlchemy's complaint about a tag given twice reaches MLflow's client as a name taken"),
    ("runs", r"runs/create \{('run_name': 'no experiment')?\}", r"/answer/(error_code|error_class|message)",
     "MLflow lets its database complain that the experiment is missing; hanok does it"),
    ("runs", r"runs/create .*('tags': 'x'|'start_time': 1\.5|'user_id': 5)", r"/status", TYPES),
    ("runs", r"log-metric .*('timestamp': 1\.5|'step': 1\.5|'value': True)", r"/status", TYPES),
    ("runs", r"log-metric .*(NaN|Infinity|1e999|9223372036854775808)", r"/status",
     "no JSON, or beyond 64 bits; MLflow stores zero. The client writes \"NaN\" as a string"),
    ("runs", r"runs/update .*NONSENSE", r"/status", TYPES),
    ("runs", r"runs/log-model ", r"/answer/message", "Python prints a set in any order"),
    ("runs", r"runs/get", r"/tags/\d+/value",
    "mlflow.log-model.history: the model's JSON as it was sent, without a null for model_uuid"),
    ("batches", r"log-batch .*('x', 'timestamp'|'timestamp': 'x'|'step': 'x'|'step': 1\.5|'value': True|'value': 5)", r"/status",
    TYPES),
    ("batches", r"log-batch .*'key': 5", r"/answer/message", TYPES),
    ("batches", r"max_results=x", r"/status", TYPES),
    ("search", r"/search", r"/answer/message",
    "hanok tells the place of the mistake, and lists in an order of its own what is allowed"),
    ("search", r"'filter': 'metrics\. > 1'", r"/status", "sqlparse takes '. > 1' for a metric without a name; hanok refuses it"),
    ("search", r"'filter': 'metrics.auc > 1e309'", r"/status", "a number beyond a double's"),
    ("search", r"'order_by': \['(run_id|artifact_uri)'\]", r"/answer/\d", "random ids are in another order each time"),
    ("search", r"'max_results': 1\.5|'page_token': 5", r"/status", TYPES),
    ("search", r"'page_token': 'eyJvZmZzZXQiOiAtMX0='", r"/status", "a token with an offset of -1, which nobody was given"),
    ("models", r"'name': '<257 x x>'", r"/status",
    "SQLite does not hold MLflow to the 256 characters that its tables have; other databases do"),
    ("models", r"registered-models/alias \{'name': 'hanok'\}", r"/answer/message",
    "which of two missing parameters is named first"),
]

_used = set()


def explains(noun, question, place):
    hits = [at for at, entry in enumerate(DIFFERENCES)
            if all(re.search(pattern, text) for pattern, text in zip(entry, (noun, question, place)))]
    _used.update(hits)
    return bool(hits)


def unused():
    return [f"does not differ any more: {entry}" for at, entry in enumerate(DIFFERENCES) if at not in _used]
