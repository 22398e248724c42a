"""Datasets: what a run was fed with."""

import json

import mlflow
from checks import equal, test, unique
from mlflow import MlflowClient


def frame():
    import pandas

    return pandas.DataFrame({"area_m2": [20.5, 31.0, 44.2], "rooms": [1.0, 2.0, 3.0], "price": [10.5, 15.0, 21.0]})


@test
def a_logged_dataset_comes_back(server):
    mlflow.set_experiment(unique("inputs"))
    data = mlflow.data.from_pandas(frame(), source="https://example.com/houses.csv", name="houses", targets="price")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training", tags={"split": "a"})
        mlflow.log_input(data, context="training")  # once is enough
        mlflow.log_input(mlflow.data.from_pandas(frame()[:1], name="one"))
    inputs = {i.dataset.name: i for i in mlflow.get_run(run.info.run_id).inputs.dataset_inputs}
    equal(sorted(inputs), ["houses", "one"])
    found = inputs["houses"]
    equal({tag.key: tag.value for tag in found.tags}, {"mlflow.data.context": "training", "split": "a"})
    equal((found.dataset.digest, found.dataset.source_type), (data.digest, "http"))
    equal(json.loads(found.dataset.source), {"url": "https://example.com/houses.csv"})
    equal(json.loads(found.dataset.profile), {"num_rows": 3, "num_elements": 9})
    equal(len(json.loads(found.dataset.schema)["mlflow_colspec"]), 3)


@test
def runs_found_by_their_datasets(server):
    experiment = mlflow.set_experiment(unique("fed"))
    for name, context in (("houses", "train"), ("houses", "eval"), ("barns", "train")):
        with mlflow.start_run(run_name=f"{name} {context}"):
            mlflow.log_input(mlflow.data.from_pandas(frame(), name=name), context=context)

    def found(text):
        return sorted(run.info.run_name for run in MlflowClient().search_runs([experiment.experiment_id], text))

    equal(found("dataset.name = 'houses'"), ["houses eval", "houses train"])
    equal(found("datasets.name LIKE 'b%'"), ["barns train"])
    equal(found("dataset.context = 'train'"), ["barns train", "houses train"])
    equal(found("dataset.name = 'houses' AND dataset.context = 'eval'"), ["houses eval"])
    equal(found("dataset.name IN ('barns', 'sheds')"), ["barns train"])
    digest = mlflow.data.from_pandas(frame(), name="barns").digest
    equal(len(found(f"dataset.digest = '{digest}'")), 3)
