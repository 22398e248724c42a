"""Models as code makes and uses them: autolog, log_model, load_model, and the logged models of MLflow 3."""

import json

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy
from checks import close, equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.models import infer_signature


def houses():
    import pandas

    rows = [(20 + 7 * n % 60, 1 + n % 4, (n * 13) % 40) for n in range(60)]
    frame = pandas.DataFrame(rows, columns=["area_m2", "rooms", "age_years"]).astype(float)
    return frame, (frame["area_m2"] + 10 * frame["rooms"] - frame["age_years"] > 50).astype(int)


def trained():
    from sklearn.linear_model import LogisticRegression

    features, target = houses()
    return LogisticRegression(max_iter=500).fit(features, target)


@test
def autolog(server):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    mlflow.set_experiment(unique("autolog"))
    mlflow.sklearn.autolog(silent=True)
    try:
        features, target = houses()
        with mlflow.start_run() as run:
            model = LogisticRegression(max_iter=500).fit(features, target)
            score = model.score(features, target)
        with mlflow.start_run() as searched:
            GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2).fit(features, target)
    finally:
        mlflow.sklearn.autolog(disable=True, silent=True)
    data = mlflow.get_run(run.info.run_id).data
    equal((data.params["max_iter"], data.tags["estimator_name"]), ("500", "LogisticRegression"))
    close(data.metrics["training_accuracy_score"], score)
    equal(list(data.metrics)[-1] != "", True)
    files = [f.path for f in MlflowClient().list_artifacts(run.info.run_id)]
    assert "training_confusion_matrix.png" in files and "estimator.html" in files, files
    (output,) = mlflow.get_run(run.info.run_id).outputs.model_outputs
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    equal(loaded.predict(features).tolist(), model.predict(features).tolist())
    equal(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model").predict(features).tolist(),
          model.predict(features).tolist())
    inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    equal([tag.value for i in inputs for tag in i.tags if tag.key == "mlflow.data.context"], ["train"])
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{searched.info.run_id}'", output_format="list")
    equal(sorted(child.data.params["C"] for child in children), ["0.1", "1.0"])
    assert "best_C" in mlflow.get_run(searched.info.run_id).data.params


@test
def from_log_model_to_every_way_of_loading(server):
    mlflow.set_experiment(unique("ways"))
    name, model, (features, _) = unique("classifier"), trained(), houses()
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="model", signature=infer_signature(features, model.predict(features)),
                                        input_example=features[:2], registered_model_name=name)
    equal(str(info.registered_model_version), "1")
    client, wanted = MlflowClient(), model.predict(features).tolist()
    client.set_registered_model_alias(name, "champion", "1")
    client.transition_model_version_stage(name, "1", "Production")
    for uri in (info.model_uri, f"models:/{info.model_id}", f"runs:/{run.info.run_id}/model", f"models:/{name}/1",
                f"models:/{name}@champion", f"models:/{name}/Production", f"models:/{name}/latest"):
        equal(mlflow.sklearn.load_model(uri).predict(features).tolist(), wanted, uri)
        equal(mlflow.pyfunc.load_model(uri).predict(features).tolist(), wanted, uri)
    found = mlflow.models.get_model_info(f"models:/{name}@champion")
    equal((found.model_id, found.run_id), (info.model_id, run.info.run_id))
    equal([column.name for column in found.signature.inputs], ["area_m2", "rooms", "age_years"])
    version = client.get_model_version(name, "1")
    equal((version.run_id, version.source), (run.info.run_id, f"models:/{info.model_id}"))
    versions = json.loads(client.get_logged_model(info.model_id).tags["mlflow.modelVersions"])  # the real one's has it twice
    equal({(version["name"], int(version["version"])) for version in versions}, {(name, 1)})
    equal(mlflow.pyfunc.load_model(f"models:/{name}/1").input_example is None, False)


@test
def a_model_of_python_functions(server):
    class Doubles(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [2 * value for value in model_input["x"]]

    import pandas

    mlflow.set_experiment(unique("pyfunc"))
    info = mlflow.pyfunc.log_model(name="doubles", python_model=Doubles(), pip_requirements=[])
    equal(mlflow.pyfunc.load_model(info.model_uri).predict(pandas.DataFrame({"x": [1, 2]})), [2, 4])


@test
def registering_later(server):
    mlflow.set_experiment(unique("later"))
    name = unique("later")
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(trained(), name="model", pip_requirements=[])
    version = mlflow.register_model(info.model_uri, name, tags={"how": "by id"})
    equal((version.version, version.run_id, version.tags), ("1", run.info.run_id, {"how": "by id"}))
    version = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    equal((version.version, version.run_id), ("2", run.info.run_id))
    mlflow.sklearn.load_model(f"models:/{name}/2")


@test
def logged_models(server):
    experiment = mlflow.set_experiment(unique("logged"))
    client = MlflowClient()
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model(name="rf", tags={"kind": "tree"}, params={"depth": "3"}, model_type="agent")
        equal((model.name, str(model.status), model.source_run_id), ("rf", "PENDING", run.info.run_id))
        mlflow.log_metric("auc", 0.75, model_id=model.model_id)
        mlflow.log_metric("auc", 0.875, step=2, model_id=model.model_id)
        mlflow.log_model_params({"more": "1"}, model_id=model.model_id)
        mlflow.finalize_logged_model(model.model_id, "READY")
        failed = mlflow.initialize_logged_model(name="svm")
        mlflow.finalize_logged_model(failed.model_id, "FAILED")
    mlflow.set_logged_model_tags(model.model_id, {"more": "tags", "gone": "soon"})
    mlflow.delete_logged_model_tag(model.model_id, "gone")
    found = mlflow.get_logged_model(model.model_id)
    equal((found.tags["kind"], found.tags["more"], "gone" in found.tags), ("tree", "tags", False))
    equal((found.params, str(found.status), found.model_type), ({"depth": "3", "more": "1"}, "READY", "agent"))
    equal(found.artifact_location, f"mlflow-artifacts:/{experiment.experiment_id}/models/{model.model_id}/artifacts")
    equal([(m.key, m.value, m.step, m.run_id) for m in found.metrics if m.step == 2], [("auc", 0.875, 2, run.info.run_id)])
    outputs = {output.model_id for output in mlflow.get_run(run.info.run_id).outputs.model_outputs}
    assert outputs <= {model.model_id, failed.model_id}, outputs

    def search(text, **options):
        return [m.name for m in client.search_logged_models([experiment.experiment_id], text, **options)]

    equal(search(None), ["svm", "rf"])
    equal(search("name = 'rf'"), ["rf"])
    equal(search("metrics.auc > 0.8"), ["rf"])
    equal(search("metrics.auc > 0.9"), [])
    equal(search("params.depth = '3' AND tags.kind = 'tree'"), ["rf"])
    equal(search("model_type = 'agent'"), ["rf"])
    equal(search(None, order_by=[{"field_name": "name", "ascending": True}]), ["rf", "svm"])
    equal(search(None, max_results=1), ["svm"])
    client.delete_logged_model(failed.model_id)
    equal(search(None), ["rf"])
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model(failed.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model("m-" + "0" * 32)


@test
def an_external_model(server):
    mlflow.set_experiment(unique("external"))
    model = mlflow.create_external_model(name="chat", model_type="llm", params={"temperature": "0"})
    equal(mlflow.get_logged_model(model.model_id).params, {"temperature": "0"})
    equal(str(mlflow.get_logged_model(model.model_id).status), "READY")


@test
def metrics_of_a_model_on_a_dataset(server):
    import pandas

    mlflow.set_experiment(unique("model-metrics"))
    data = mlflow.data.from_pandas(pandas.DataFrame({"x": [1.0]}), name="held-out")
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model(name="m")
        mlflow.log_input(data, context="eval", model=mlflow.entities.LoggedModelInput(model.model_id))
        mlflow.log_metrics({"mse": 0.5, "mae": 0.25}, dataset=data, model_id=model.model_id, step=1)
    found = {m.key: m for m in mlflow.get_logged_model(model.model_id).metrics}
    equal((found["mse"].value, found["mse"].dataset_name, found["mse"].dataset_digest, found["mse"].run_id),
          (0.5, "held-out", data.digest, run.info.run_id))
    equal([i.model_id for i in mlflow.get_run(run.info.run_id).inputs.model_inputs], [model.model_id])
    equal(mlflow.get_run(run.info.run_id).data.metrics, {"mse": 0.5, "mae": 0.25})
    equal(numpy.isfinite(found["mae"].value), True)
