"""Logged models, MLflow 3's: from PENDING to READY, params, tags, metrics, search, outputs of runs."""

ALL = "logged-models"


def ask(s):
    experiment = s.experiment("logged")
    run = s.run(experiment)
    for body in ({}, {"experiment_id": "99"}, {"experiment_id": "0", "name": ""},
                 {"experiment_id": experiment, "name": "a/b"}, {"experiment_id": experiment, "name": 5},
                 {"experiment_id": experiment, "name": "x", "params": "x"},
                 {"experiment_id": experiment, "name": "x", "tags": [{"key": "k"}]},
                 {"experiment_id": experiment, "name": "x", "source_run_id": "0" * 32},
                 {"experiment_id": "0", "name": "x", "params": [{"key": "x" * 256, "value": "v"}]},
                 {"experiment_id": experiment, "name": "a.b"}, {"experiment_id": experiment, "name": "a%b"}, {"name": "x"}):
        s.post(ALL, body)
    model = s.post(ALL, {"experiment_id": experiment, "name": "tree", "model_type": "agent", "source_run_id": run,
        "params": [{"key": "depth", "value": "3"}],
                         "tags": [{"key": "kind", "value": "tree"}]})["model"]["info"]["model_id"]
    bare = s.post(ALL, {"experiment_id": experiment, "name": "bare"})["model"]["info"]["model_id"]
    none = "m-" + "0" * 32
    for model_id in (model, bare, none, "x"):
        s.get(f"{ALL}/{model_id}")
    s.ask("GET", f"/ajax-api/2.0/mlflow/{ALL}/{model}")
    for body in ({}, {"status": 2}, {"status": "LOGGED_MODEL_READY"}, {"status": "LOGGED_MODEL_UPLOAD_FAILED"},
                 {"status": "LOGGED_MODEL_PENDING"}, {"status": "NONSENSE"}, {"status": 99}, {"status": "LOGGED_MODEL_READY"}):
        s.patch(f"{ALL}/{model}", {"model_id": model, **body})
    s.patch(f"{ALL}/{none}", {"model_id": none, "status": 2})
    for body in ({}, {"params": []}, {"params": [{"key": "more", "value": "1"}]}, {"params": [{"key": "depth", "value": "4"}]},
                 {"params": [{"key": "more", "value": "1"}]}, {"params": [{"key": "k"}]},
                 {"params": [{"key": "", "value": "v"}]}, {"params": "x"}):
        s.post(f"{ALL}/{model}/params", {"model_id": model, **body})
    s.post(f"{ALL}/{model}/params", {"params": [{"key": "a", "value": "b"}]})
    s.post(f"{ALL}/{none}/params", {"model_id": none, "params": [{"key": "a", "value": "b"}]})
    for body in ({}, {"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]}, {"tags": [{"key": "a", "value": "3"}]},
                 {"tags": [{"key": "k"}]}, {"tags": "x"}, {"tags": [{"key": "", "value": "v"}]}):
        s.patch(f"{ALL}/{model}/tags", body)
    s.patch(f"{ALL}/{none}/tags", {"tags": [{"key": "a", "value": "b"}]})
    for path in (f"{model}/tags/a", f"{model}/tags/a", f"{none}/tags/a"):
        s.delete(f"{ALL}/{path}")
    s.post("runs/log-metric", {"run_id": run, "key": "auc", "value": 0.9, "timestamp": 1, "step": 1, "model_id": model})
    s.post("runs/log-metric", {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "model_id": none})
    s.post("runs/log-batch", {"run_id": run, "metrics": [{"key": "f1", "value": 0.5, "timestamp": 2, "step": 0,
        "model_id": model, "dataset_name": "houses", "dataset_digest": "abc"},
                                                         {"key": "auc", "value": 0.95, "timestamp": 3, "step": 2,
                                                         "model_id": model}]})
    s.get(f"{ALL}/{model}")
    s.get("runs/get", run_id=run)
    for body in ({}, {"run_id": run}, {"run_id": run, "models": [{"model_id": model, "step": 3}]},
                 {"run_id": run, "models": [{"model_id": none}]}, {"run_id": "0" * 32, "models": [{"model_id": model}]},
                 {"run_id": run, "models": "x"}, {"run_id": run, "models": [{"model_id": model, "step": 3}]}):
        s.post("runs/outputs", body)
    s.post("runs/log-inputs", {"run_id": run, "models": [{"model_id": bare}]})
    s.get("runs/get", run_id=run)

    def search(**body):
        s.post(f"{ALL}/search", {"experiment_ids": [experiment], **body})
        s.pick("models", lambda model: model["info"]["name"])

    s.post(ALL, {"experiment_id": experiment, "name": "third", "params": [{"key": "depth", "value": "5"}]})
    for text in ("", "name = 'tree'", "name != 'tree'", "name LIKE 't%'", "name ILIKE 'T%'", "name IN ('tree', 'bare')",
                 "name = tree", "metrics.auc > 0.9", "metrics.auc > 0.91", "metrics.f1 = 0.5", "metrics.auc > 'x'",
                 "params.depth = '3'", "param.depth != '3'", "params.depth = 3", "tags.kind = 'tree'", "tags.kind IS NULL",
                 "model_type = 'agent'", "model_id = 'x'", f"model_id = '{model}'", "status = 'READY'", "status = 'PENDING'",
                 "status = 2",
                 "creation_timestamp > 5", "creation_time > 5", "last_updated_timestamp > 5", "source_run_id = 'x'",
                 "colour = 'x'", "name = 'a' OR name = 'b'", "name =", "attributes.name = 'tree'", "experiment_id = '1'"):
        search(filter=text)
    for order in ([{"field_name": "name"}], [{"field_name": "name", "ascending": False}], [{"field_name": "metrics.auc"}],
                  [{"field_name": "metrics.auc", "ascending": True}], [{"field_name": "params.depth"}],
                  [{"field_name": "creation_timestamp", "ascending": True}], [{"field_name": "colour"}], [{}], ["name"],
                  [{"field_name": "metrics.f1", "dataset_name": "houses"}]):
        search(order_by=order)
    for limit in (0, 1, -1, 50, 51, 1001, "x"):
        search(max_results=limit)
    search(page_token="x")
    search(experiment_ids=[])
    search(experiment_ids=["99"])
    search(filter="metrics.f1 = 0.5", datasets=[{"dataset_name": "houses"}])
    search(filter="metrics.f1 = 0.5", datasets=[{"dataset_name": "other"}])
    search(datasets=[{}])
    s.post(f"{ALL}/search", {})
    s.post(f"{ALL}/search", {"experiment_ids": [experiment], "filter": "name = 'tree'"})
    s.get(f"{ALL}/{model}/artifacts/directories")
    s.get(f"{ALL}/{none}/artifacts/directories")
    s.get(f"/ajax-api/2.0/mlflow/{ALL}/{model}/artifacts/files?artifact_file_path=none")
    for model_id in (bare, bare, none):
        s.delete(f"{ALL}/{model_id}")
    s.get(f"{ALL}/{bare}")
    s.get(ALL)
