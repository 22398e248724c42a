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
    ("search|models|versions|traces", r"/search", r"/answer/message",
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
    ("models", r"registered-models/delete .*257 x x", r"/status", "there is none to delete"),
    ("models|logged_models", r"max_results(=|': )(0|-1)", r"/status", "a page of nothing is refused"),
    ("logged_models", r"'<256 x x>'", r"/status", "SQLite does not hold MLflow to the length that its tables have"),
    ("logged_models", r"PATCH .*(NONSENSE|99)", r"/status|/answer", TYPES),
    ("logged_models", r"/params \{'params': 'x'\}", r"/answer/message", TYPES),
    ("logged_models", r"log-metric", r"/answer/(error_code|message)",
    "MLflow lets its database complain that there is no such model"),
    ("logged_models", r"search .*('filter': 'name = tree'|experiment_id = )", r"/status",
    "what is not quoted, or no attribute, is refused"),
    ("logged_models", r"/search", r"/answer/(message|sqlstate|error_class)", "hanok tells the place of the mistake"),
    ("server", r"GET /health", r"/type|/answer", "hanok's own, which says the same"),
    ("server", r"server-info", r"/answer/(presigned_\w+|features_enabled/gateway)",
    "hanok has no presigned addresses and no gateway"),
    ("server", r"experiment_id=0&experiment_id=1", r"/status", "of a parameter given twice the last counts, not the first"),
    ("server", r"OPTIONS", r"/status", "no pages of other servers ask hanok"),
    ("artifacts", r".", r"/x-content-type-options", "failures are JSON by their type"),
    ("artifacts", r".", r"No such artifact|/answer/(message|detail)", "names the first part of the path that is not there"),
    ("artifacts", r"artifacts\?path=", r"/files/\d+/keys", "the size of an empty file is 0, and not left out"),
    ("artifacts", r"artifacts\?path=", r"/answer/files$", "what was refused, and MLflow took, is not there"),
    ("artifacts", r"mpu/nothing/\.\./x|DELETE .*artifacts/artifacts/ $", r"/status", "no such address"),
    ("artifacts", r"%5c|%00|%ff|//|%2f%2f", r"/status", "no path that could mean another one, on whatever system"),
]

_used = set()


def explains(noun, question, place):
    hits = [at for at, entry in enumerate(DIFFERENCES)
            if all(re.search(pattern, text) for pattern, text in zip(entry, (noun, question, place)))]
    _used.update(hits)
    return bool(hits)


def unused():
    return [f"does not differ any more: {entry}" for at, entry in enumerate(DIFFERENCES) if at not in _used]
