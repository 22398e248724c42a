"""Calls that must be refused, as rows: (what, method, path, body, status, code, pieces of the message).

{e} stands for an experiment, {r} for a run of it, {m} for a registered model, {t} for a trace, {l} for a logged model. A path
without "/api" is one of the tracking API's. A body that is a text is sent as it is. Where the real server of 3.17.2
answers otherwise a row is Ours(...), with the reason beside it; all others are answered by it with the same status and
code.
"""

NONE = "0" * 32
LONG_KEY = "k" * 251
INVALID, MISSING, EXISTS = "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"


class Ours(tuple):
    """The real server answers otherwise."""


def metric(**more):
    return {"run_id": "{r}", "key": "auc", "value": 1.5, "timestamp": 1, "step": 0, **more}


def batch(**more):
    return {"run_id": "{r}", **more}


def metrics(count):
    return [{"key": f"m{i}", "value": i, "timestamp": 1, "step": 0} for i in range(count)]


def pairs(count, word):
    return [{"key": f"{word}{i}", "value": "v"} for i in range(count)]


KEYS_AND_VALUES = [
    ("a param's key of 251", "POST", "runs/log-parameter", batch(key=LONG_KEY, value="v"), 400, INVALID, ["250"]),
    ("a tag's key of 251", "POST", "runs/set-tag", batch(key=LONG_KEY, value="v"), 400, INVALID, ["250"]),
    ("a metric's key of 251", "POST", "runs/log-metric", metric(key=LONG_KEY), 400, INVALID, ["250"]),
    ("a metric's key with a path", "POST", "runs/log-metric", metric(key="../a"), 400, INVALID, ["../a"]),
    ("a metric's key that is absolute", "POST", "runs/log-metric", metric(key="/a"), 400, INVALID, ["/a"]),
    ("a metric's key with signs", "POST", "runs/log-metric", metric(key="a?b"), 400, INVALID, ["a?b"]),
    ("a param's key with a path", "POST", "runs/log-parameter", batch(key="a/../b", value="v"), 400, INVALID, ["a/../b"]),
    ("no key of a metric", "POST", "runs/log-metric", {"run_id": "{r}", "value": 1, "timestamp": 1}, 400, INVALID, ["key"]),
    ("no value of a metric", "POST", "runs/log-metric", {"run_id": "{r}", "key": "a", "timestamp": 1}, 400, INVALID, ["value"]),
    ("no time of a metric", "POST", "runs/log-metric", {"run_id": "{r}", "key": "a", "value": 1}, 400, INVALID, ["timestamp"]),
    ("a metric that is a text", "POST", "runs/log-metric", metric(value="high"), 400, INVALID, ["value"]),
    Ours(("a metric that is a list", "POST", "runs/log-metric", metric(value=[1]), 400, INVALID, ["value"])),  # 500
    ("a step that is a text", "POST", "runs/log-metric", metric(step="first"), 400, INVALID, ["step"]),
    ("a param without a run", "POST", "runs/log-parameter", {"key": "a", "value": "b"}, 400, INVALID, ["run_id"]),
    ("a param that is a number", "POST", "runs/log-parameter", batch(key="a", value=1), 400, INVALID, ["value"]),
    ("a param that is another already", "POST", "runs/log-parameter", batch(key="kept", value="2"), 400, INVALID, ["kept"]),
    ("1001 metrics", "POST", "runs/log-batch", batch(metrics=metrics(1001)), 400, INVALID, ["1000"]),
    ("101 params", "POST", "runs/log-batch", batch(params=pairs(101, "p")), 400, INVALID, ["100"]),
    ("101 tags", "POST", "runs/log-batch", batch(tags=pairs(101, "t")), 400, INVALID, ["100"]),
    ("1001 in all", "POST", "runs/log-batch", batch(metrics=metrics(951), params=pairs(25, "p"), tags=pairs(25, "t")),
     400, INVALID, ["1000"]),
    ("a param twice", "POST", "runs/log-batch", batch(params=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
     400, INVALID, ["a"]),
    ("the last of a batch is wrong", "POST", "runs/log-batch",
     batch(metrics=metrics(3), params=pairs(3, "p") + [{"key": LONG_KEY, "value": "v"}]), 400, INVALID, ["250"]),
    ("metrics that are no list", "POST", "runs/log-batch", batch(metrics={"a": 1}), 400, INVALID, ["metrics"]),
    ("an experiment without a name", "POST", "experiments/create", {}, 400, INVALID, ["name"]),
    ("an experiment with an empty name", "POST", "experiments/create", {"name": ""}, 400, INVALID, ["name"]),
    ("an experiment's name of 501", "POST", "experiments/create", {"name": "n" * 501}, 400, INVALID, ["500"]),
    ("an experiment's name that is a number", "POST", "experiments/create", {"name": 3}, 400, INVALID, ["name"]),
    ("an experiment's tag of 251", "POST", "experiments/set-experiment-tag",
     {"experiment_id": "{e}", "key": LONG_KEY, "value": "v"}, 400, INVALID, ["250"]),
    ("a model without a name", "POST", "registered-models/create", {"name": ""}, 400, INVALID, ["name"]),
    ("a model's name with a slash", "POST", "registered-models/create", {"name": "a/b"}, 400, INVALID, ["a/b"]),
    ("a model's name with a colon", "POST", "registered-models/create", {"name": "a:b"}, 400, INVALID, ["a:b"]),
    ("a model that is there", "POST", "registered-models/create", {"name": "{m}"}, 400, EXISTS, ["{m}"]),
    ("an alias like a version", "POST", "registered-models/alias", {"name": "{m}", "alias": "v1", "version": "1"}, 400, INVALID,
     ["v1"]),
    ("an alias with signs", "POST", "registered-models/alias", {"name": "{m}", "alias": "a b", "version": "1"}, 400, INVALID,
     ["a b"]),
    ("an alias named latest", "POST", "registered-models/alias", {"name": "{m}", "alias": "latest", "version": "1"}, 400,
     INVALID, ["latest"]),
    ("a stage that is none", "POST", "model-versions/transition-stage",
     {"name": "{m}", "version": "1", "stage": "Heaven", "archive_existing_versions": False}, 400, INVALID, ["Heaven"]),
    Ours(("a status that is none", "POST", "runs/update", batch(status="DONE"), 400, INVALID, ["status"])),  # taken in silence
]

UNKNOWN = [
    ("experiment", "GET", "experiments/get?experiment_id=987654", None, 404, MISSING, ["987654"]),
    ("experiment that is no number", "GET", "experiments/get?experiment_id=abc", None, 400, INVALID, ["abc"]),
    ("experiment of a run", "POST", "runs/create", {"experiment_id": "987654"}, 404, MISSING, ["987654"]),
    ("experiment by name", "GET", "experiments/get-by-name?experiment_name=no-such", None, 404, MISSING, ["no-such"]),
    ("run", "GET", "runs/get?run_id=" + NONE, None, 404, MISSING, [NONE]),
    ("run of a metric", "POST", "runs/log-metric", metric(run_id=NONE), 404, MISSING, [NONE]),
    ("run of a batch", "POST", "runs/log-batch", batch(run_id=NONE, metrics=metrics(1)), 404, MISSING, [NONE]),
    ("run that is deleted", "POST", "runs/delete", {"run_id": NONE}, 404, MISSING, [NONE]),
    ("tag", "POST", "runs/delete-tag", batch(key="no-such"), 404, MISSING, ["no-such"]),
    ("model", "GET", "registered-models/get?name=no-such", None, 404, MISSING, ["no-such"]),
    ("model of a version", "POST", "model-versions/create",
     {"name": "no-such", "source": "runs:/{r}/model", "run_id": "{r}"}, 404, MISSING,
     ["no-such"]),
    ("version", "GET", "model-versions/get?name={m}&version=77", None, 404, MISSING, ["77"]),
    ("version that is no number", "GET", "model-versions/get?name={m}&version=x", None, 400, INVALID, ["x"]),
    ("version of an alias", "POST", "registered-models/alias", {"name": "{m}", "alias": "a", "version": "77"}, 404, MISSING,
     ["77"]),
    ("alias", "GET", "registered-models/alias?name={m}&alias=nobody", None, 400, INVALID, ["nobody"]),
    ("trace", "GET", "/api/3.0/mlflow/traces/tr-no-such", None, 404, MISSING, ["tr-no-such"]),
    Ours(("trace of a tag", "PATCH", "/api/3.0/mlflow/traces/tr-no-such/tags", {"key": "a", "value": "b"}, 404, MISSING,
     ["tr-no-such"])),  # 400, with its SQL
    ("logged model", "GET", "logged-models/m-no-such", None, 404, MISSING, ["m-no-such"]),
]

FILTERS = [
    "metrics.auc >", "metrics.auc > 'high'", "metrics.auc LIKE 'a'", "metric.auc > 1 OR metric.auc < 0", "params.a = 1",
    "params.a = b", "params.a = 'b", "params.a = \"b", "params.a", "= 'b'", "params.a == 'b'", "params.a => 'b'",
    "colour.a = 'b'", "attributes.colour = 'red'", "colour = 'red'", "(params.a = 'b')", "params.a = 'b';",
    "params.a = 'b'; DROP TABLE runs", "params.a IN ('b'", "params.a IN ('b')", "run_id IN ()", "run_id IN (1)",
    "status > 'FINISHED'", "start_time = 'yesterday'", "params.a BETWEEN 'a' AND 'b'", "params.a = 'b' params",
    "tags.my-key = 'a'",
    "NOT params.a = 'b'", "dataset.colour = 'a'", "metrics.auc IS NULL", "`metrics`.`auc > 1", "datasets.name > 'a'",
    "🏠 = 1", "params.a = 'b' AND AND tags.b > 3", "params.a RLIKE 'b'", "1 = 1",
]

PAGES = [
    ("a token that is none", "POST", "runs/search",
     {"experiment_ids": ["{e}"], "page_token": "no token"}, 400, INVALID, ["token"]),
    ("a token that is base64", "POST", "runs/search", {"experiment_ids": ["{e}"], "page_token": "eyJvZmZzZXQiOiAieCJ9"}, 400,
     INVALID, ["token"]),
    Ours(("a token with an offset below 0", "POST", "runs/search",
     {"experiment_ids": ["{e}"], "page_token": "eyJvZmZzZXQiOiAtNX0="}, 400, INVALID, ["token"])),  # 200
    ("50001 runs", "POST", "runs/search", {"experiment_ids": ["{e}"], "max_results": 50001}, 400, INVALID, ["50001"]),
    ("0 runs", "POST", "runs/search", {"experiment_ids": ["{e}"], "max_results": 0}, 400, INVALID, ["max_results"]),
    ("-1 runs", "POST", "runs/search", {"experiment_ids": ["{e}"], "max_results": -1}, 400, INVALID, ["max_results"]),
    ("runs as a text", "POST", "runs/search", {"experiment_ids": ["{e}"], "max_results": "many"}, 400, INVALID, ["max_results"]),
    ("50001 experiments", "POST", "experiments/search", {"max_results": 50001}, 400, INVALID, ["50001"]),
    ("1001 models", "GET", "registered-models/search?max_results=1001", None, 400, INVALID, ["1001"]),
    ("200001 versions", "GET", "model-versions/search?max_results=200001", None, 400, INVALID, ["200001"]),
    ("501 traces", "POST", "/api/3.0/mlflow/traces/search",
     {"locations": [{"mlflow_experiment": {"experiment_id": "{e}"}}], "max_results": 501}, 400, INVALID, ["501"]),
    ("an order that is none", "POST", "runs/search", {"experiment_ids": ["{e}"], "order_by": ["metrics.auc SIDEWAYS"]}, 400,
     INVALID, ["SIDEWAYS"]),
]

JSON = [
    ("broken", "POST", "experiments/create", '{{"name": "x",', 400, INVALID, []),
    ("broken in the middle", "POST", "experiments/create", '{{"name": "x"\n "a": 1}}', 400, INVALID, []),
    Ours(("a list", "POST", "experiments/create", "[1]", 400, INVALID, [])),  # 500
    ("empty", "POST", "experiments/create", "", 400, INVALID, ["name"]),
    Ours(("nested deep", "POST", "experiments/create", '{{"name": ' + "[" * 5000 + "]" * 5000 + "}}", 400, INVALID, [])),  # 500
    ("no UTF-8", "POST", "experiments/create", b'{"name": "\xff\xfe"}', 400, INVALID, []),
    ("half of a pair", "POST", "experiments/create", '{{"name": "\\ud800"}}', 400, INVALID, []),
    Ours(("a NUL in a name", "POST", "experiments/create", '{{"name": "a\\u0000b"}}', 400, INVALID, [])),  # takes it
]

PLACES = [
    ("a version of a file elsewhere", "POST", "model-versions/create", {"name": "{m}", "source": "file:///etc"}, 400, INVALID,
     ["file:///etc"]),
    ("a version of a path elsewhere", "POST", "model-versions/create", {"name": "{m}", "source": "/etc/passwd", "run_id": "{r}"},
     400, INVALID, ["/etc/passwd"]),
    ("a version that climbs", "POST", "model-versions/create",
     {"name": "{m}", "source": "mlflow-artifacts:/0/../../etc"}, 400, INVALID, []),
    ("a version of a model that is not", "POST", "model-versions/create", {"name": "{m}", "source": "models:/no-such/1"}, 404,
     MISSING, ["no-such"]),
    ("a webhook without TLS", "POST", "/api/2.0/mlflow/webhooks",
     {"name": "w", "url": "ftp://127.0.0.1/x", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}, 400, INVALID,
     ["ftp"]),
    ("a webhook of no event", "POST", "/api/2.0/mlflow/webhooks", {"name": "w", "url": "https://example.com/", "events": []}, 400,
     INVALID, ["event"]),
]

PREFIX = "/api/2.0/mlflow-artifacts/artifacts/"
ARTIFACTS = [
    (Ours if "backslash" in what else tuple)((what, method, PREFIX + path, None, 400, INVALID, []))
    for what, path in [("with ..", "a/../../b"), ("with encoded dots", "%2e%2e/%2e%2e/etc/passwd"),
                       ("encoded twice", "%252e%252e/%252e%252e/b"), ("with an encoded slash", "..%2f..%2fb"),
                       ("with a backslash", "..%5c..%5cb")]
    for method in ("GET", "PUT", "DELETE")
]
