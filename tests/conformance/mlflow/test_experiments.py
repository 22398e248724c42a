"""Experiments through MlflowClient and the fluent API."""

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.entities import ViewType


@test
def the_default_experiment_is_there(server):
    default = MlflowClient().get_experiment("0")
    equal((default.name, default.lifecycle_stage), ("Default", "active"))
    equal(mlflow.get_experiment_by_name("Default").experiment_id, "0")


@test
def an_experiment_from_birth_to_restoration(server):
    client, name = MlflowClient(), unique("houses")
    experiment_id = client.create_experiment(name, tags={"team": "roof", "empty": ""})
    found = client.get_experiment(experiment_id)
    equal((found.name, found.lifecycle_stage, found.tags), (name, "active", {"team": "roof", "empty": ""}))
    equal(found.artifact_location, f"mlflow-artifacts:/{experiment_id}")
    assert found.creation_time == found.last_update_time > 1_700_000_000_000
    client.set_experiment_tag(experiment_id, "team", "walls")
    client.set_experiment_tag(experiment_id, "more", "한옥")
    client.delete_experiment_tag(experiment_id, "empty")
    client.rename_experiment(experiment_id, name + " renamed")
    found = client.get_experiment_by_name(name + " renamed")
    equal((found.experiment_id, found.tags), (experiment_id, {"team": "walls", "more": "한옥"}))
    assert found.last_update_time >= found.creation_time
    equal(client.get_experiment_by_name(name), None)
    client.delete_experiment(experiment_id)
    equal(client.get_experiment(experiment_id).lifecycle_stage, "deleted")
    client.restore_experiment(experiment_id)
    equal(client.get_experiment(experiment_id).lifecycle_stage, "active")


@test
def a_location_of_its_own(server):
    experiment_id = MlflowClient().create_experiment(unique("elsewhere"), artifact_location="s3://bucket/some/where")
    equal(mlflow.get_experiment(experiment_id).artifact_location, "s3://bucket/some/where")
    run = MlflowClient().create_run(experiment_id)
    equal(run.info.artifact_uri, f"s3://bucket/some/where/{run.info.run_id}/artifacts")


@test
def names_are_taken_once_and_stay_taken(server):
    client, name = MlflowClient(), unique("taken")
    experiment_id = client.create_experiment(name)
    with refused("RESOURCE_ALREADY_EXISTS", name):
        client.create_experiment(name)
    client.delete_experiment(experiment_id)
    with refused("RESOURCE_ALREADY_EXISTS", name):
        client.create_experiment(name)
    with refused("INVALID_PARAMETER_VALUE", "deleted experiment"):
        mlflow.set_experiment(name)


@test
def what_is_not_there_or_in_another_state(server):
    client = MlflowClient()
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654321 exists"):
        client.get_experiment("987654321")
    experiment_id = client.create_experiment(unique("states"))
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.restore_experiment(experiment_id)
    client.delete_experiment(experiment_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment(experiment_id)
    with refused("INVALID_PARAMETER_VALUE"):
        client.set_experiment_tag(experiment_id, "a", "b")


@test
def deleting_an_experiment_takes_its_runs_along(server):
    client = MlflowClient()
    experiment_id = client.create_experiment(unique("whole"))
    kept, gone = (client.create_run(experiment_id).info.run_id for _ in range(2))
    client.log_metric(kept, "m", 1.5)
    client.delete_run(gone)
    client.delete_experiment(experiment_id)
    equal(client.get_run(kept).info.lifecycle_stage, "deleted")
    client.restore_experiment(experiment_id)
    equal(client.get_run(kept).info.lifecycle_stage, "active")
    equal(client.get_run(kept).data.metrics, {"m": 1.5})


@test
def set_experiment_makes_it_when_it_is_missing(server):
    name = unique("fluent")
    made = mlflow.set_experiment(name)
    equal(mlflow.set_experiment(name).experiment_id, made.experiment_id)
    mlflow.set_experiment_tag("said", "fluently")
    with mlflow.start_run() as run:
        equal(run.info.experiment_id, made.experiment_id)
    equal(mlflow.get_experiment(made.experiment_id).tags["said"], "fluently")


@test
def search_experiments(server):
    client, word = MlflowClient(), unique("Searched")
    ids = [client.create_experiment(f"{word}/{letter}", tags={"letter": letter, **({"vowel": "yes"} if letter in "ae" else {})})
           for letter in "abcde"]
    client.delete_experiment(ids[4])

    def found(filter_string, **options):
        return [e.name[-1] for e in client.search_experiments(filter_string=f"name LIKE '{word}%' {filter_string}", **options)]

    equal(found(""), list("dcba"), "newest first")
    equal(found("", order_by=["name ASC"]), list("abcd"))
    equal(found("", order_by=["name DESC"], view_type=ViewType.ALL), list("edcba"))
    equal(found("", view_type=ViewType.DELETED_ONLY), ["e"])
    equal(found("AND tags.letter = 'b'"), ["b"])
    equal(found("AND tags.letter != 'b'"), list("dca"))
    equal(found("AND tags.vowel IS NOT NULL"), ["a"])
    equal(found("AND tags.vowel IS NULL"), list("dcb"))
    equal(found(f"AND name ILIKE '{word.lower()}/A'"), ["a"])
    equal([e.name[-1] for e in client.search_experiments(filter_string=f"name = '{word}/c'")], ["c"])
    equal([e.name for e in client.search_experiments(filter_string=f"name LIKE '{word.lower()}%'")], [])
    page = client.search_experiments(filter_string=f"name LIKE '{word}%'", max_results=3, order_by=["name"])
    equal([e.name[-1] for e in page], list("abc"))
    page = client.search_experiments(filter_string=f"name LIKE '{word}%'", max_results=3, order_by=["name"],
                                     page_token=page.token)
    equal(([e.name[-1] for e in page], page.token or None), (["d"], None))
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(filter_string="name LIKES 'x'")
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(filter_string="colour = 'x'")
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(order_by=["colour"])
