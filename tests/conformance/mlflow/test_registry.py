"""The model registry: names, versions, stages, aliases, copies."""

import threading

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient

SOURCE = "s3://bucket/model"


def new_model(client, versions=0, **options):
    name = unique("house")
    client.create_registered_model(name, **options)
    for _ in range(versions):
        client.create_model_version(name, SOURCE)
    return name


@test
def a_model_from_birth_to_deletion(server):
    client = MlflowClient()
    name = new_model(client, tags={"team": "roof"}, description="tiles")
    model = client.get_registered_model(name)
    equal((model.name, model.description, model.tags, model.latest_versions, model.aliases),
          (name, "tiles", {"team": "roof"}, [], {}))
    assert model.creation_timestamp == model.last_updated_timestamp
    with refused("RESOURCE_ALREADY_EXISTS", name):
        client.create_registered_model(name)
    client.update_registered_model(name, "better tiles")
    client.set_registered_model_tag(name, "team", "walls")
    client.set_registered_model_tag(name, "more", "한옥")
    client.delete_registered_model_tag(name, "more")
    client.delete_registered_model_tag(name, "never there")
    client.rename_registered_model(name, name + " new")
    equal(client.get_registered_model(name + " new").description, "better tiles")
    equal(client.get_registered_model(name + " new").tags, {"team": "walls"})
    with refused("RESOURCE_DOES_NOT_EXIST", name):
        client.get_registered_model(name)
    client.delete_registered_model(name + " new")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_registered_model(name + " new")


@test
def versions_are_numbered_and_never_again(server):
    client = MlflowClient()
    name = new_model(client, versions=2)
    version = client.create_model_version(name, SOURCE, tags={"a": "b"}, description="third")
    equal((version.version, version.status, version.current_stage, version.source, version.tags, version.description,
           version.name), ("3", "READY", "None", SOURCE, {"a": "b"}, "third", name))
    client.delete_model_version(name, "3")
    with refused("RESOURCE_DOES_NOT_EXIST", "version=3"):
        client.get_model_version(name, "3")
    equal(client.create_model_version(name, SOURCE).version, "4")
    client.update_model_version(name, "4", "said later")
    client.set_model_version_tag(name, "4", "key", "value")
    client.set_model_version_tag(name, "4", "gone", "value")
    client.delete_model_version_tag(name, "4", "gone")
    version = client.get_model_version(name, "4")
    equal((version.description, version.tags), ("said later", {"key": "value"}))
    client.delete_registered_model(name)
    client.create_registered_model(name)
    equal(client.create_model_version(name, SOURCE).version, "1", "numbering after the model was deleted")


@test
def stages(server):
    client = MlflowClient()
    name = new_model(client, versions=3)
    equal(client.transition_model_version_stage(name, "1", "production").current_stage, "Production")
    client.transition_model_version_stage(name, "2", "Production")
    equal([client.get_model_version(name, v).current_stage for v in "12"], ["Production", "Production"])
    client.transition_model_version_stage(name, "3", "Production", archive_existing_versions=True)
    equal([client.get_model_version(name, v).current_stage for v in "123"], ["Archived", "Archived", "Production"])
    equal([v.version for v in client.get_latest_versions(name, ["Production"])], ["3"])
    equal(client.get_latest_versions(name, ["Staging"]), [])
    equal(sorted(v.version for v in client.get_latest_versions(name)), ["2", "3"])
    equal(sorted((v.version, v.current_stage) for v in client.get_registered_model(name).latest_versions),
          [("2", "Archived"), ("3", "Production")])
    client.transition_model_version_stage(name, "3", "None")
    equal(client.get_model_version(name, "3").current_stage, "None")
    with refused("INVALID_PARAMETER_VALUE", "Attic"):
        client.transition_model_version_stage(name, "3", "Attic")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.transition_model_version_stage(name, "9", "Staging")


@test
def aliases(server):
    client = MlflowClient()
    name = new_model(client, versions=2)
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "day-1", "1")
    equal(client.get_model_version_by_alias(name, "champion").version, "1")
    equal(sorted(client.get_model_version(name, "1").aliases), ["champion", "day-1"])
    client.set_registered_model_alias(name, "champion", "2")
    equal(client.get_registered_model(name).aliases, {"champion": "2", "day-1": "1"})
    equal(client.get_model_version(name, "1").aliases, ["day-1"])
    client.rename_registered_model(name, name + "-b")
    name += "-b"
    equal(client.get_model_version_by_alias(name, "champion").version, "2")
    client.delete_registered_model_alias(name, "day-1")
    client.delete_registered_model_alias(name, "day-1")
    with refused("INVALID_PARAMETER_VALUE", "Registered model alias day-1 not found."):
        client.get_model_version_by_alias(name, "day-1")
    client.delete_model_version(name, "2")
    equal(client.get_registered_model(name).aliases, {})
    for alias in ("latest", "LATEST", "v1", "V22", "a b", "a/b", "x" * 256):
        with refused("INVALID_PARAMETER_VALUE"):
            client.set_registered_model_alias(name, alias, "1")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.set_registered_model_alias(name, "fine", "9")
    client.set_registered_model_alias(name, "7", "1")
    equal(client.get_model_version_by_alias(name, "7").version, "1")


@test
def copies(server):
    client = MlflowClient()
    name = new_model(client)
    run = client.create_run("0")
    source = client.create_model_version(name, f"{run.info.artifact_uri}/model", run_id=run.info.run_id,
                                         tags={"a": "b"}, description="the first")
    target = unique("copied")
    copied = client.copy_model_version(f"models:/{name}/{source.version}", target)
    equal((copied.name, copied.version, copied.source, copied.run_id), (target, "1", f"models:/{name}/1", run.info.run_id))
    equal((copied.tags, copied.description), ({"a": "b"}, "the first"))
    equal(client.copy_model_version(f"models:/{name}/1", target).version, "2")
    equal(client.get_model_version_download_uri(target, "1"), f"{run.info.artifact_uri}/model")
    client.set_registered_model_alias(target, "ready", "2")
    again = client.copy_model_version(f"models:/{target}@ready", unique("copied-again"))
    equal(client.get_model_version_download_uri(again.name, "1"), f"{run.info.artifact_uri}/model")


@test
def sources_must_be_the_runs_own(server):
    client = MlflowClient()
    name = new_model(client)
    run, other = client.create_run("0"), client.create_run("0")
    uri = run.info.artifact_uri
    equal(client.create_model_version(name, f"{uri}/model", run_id=run.info.run_id).run_id, run.info.run_id)
    for source, run_id in ((f"{other.info.artifact_uri}/model", run.info.run_id), (f"{uri}/../../x", run.info.run_id),
                           ("/etc/passwd", None), ("file:///etc", None), (f"{uri}/%2e%2e/%2e%2e/x", run.info.run_id)):
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_model_version(name, source, run_id=run_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.create_model_version(unique("no-such-model"), SOURCE)
    equal([v.version for v in client.search_model_versions(f"name = '{name}'")], ["1"])
    equal([v.version for v in client.search_model_versions(f"run_id = '{run.info.run_id}'")], ["1"])


@test
def two_clients_never_get_the_same_version(server):
    client, numbers, wrong = MlflowClient(), [], []
    name = new_model(client)

    def create():
        try:
            for _ in range(5):
                numbers.append(int(MlflowClient().create_model_version(name, SOURCE).version))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong, [])
    equal(sorted(numbers), list(range(1, 21)))


@test
def names_that_cannot_be(server):
    client = MlflowClient()
    for name in ("", "a/b", "a:b", "  "):
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_registered_model(name)
    name = new_model(client)
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.rename_registered_model(name, new_model(client))
    with refused("INVALID_PARAMETER_VALUE"):
        client.set_registered_model_tag(name, "x" * 251, "value")
    for version in ("x", "1.5"):
        with refused("INVALID_PARAMETER_VALUE"):
            client.get_model_version(name, version)


@test
def prompts(server):
    name = unique("greeting")
    first = mlflow.register_prompt(name, "Hello {{name}}!", commit_message="first", tags={"tone": "kind"})
    equal((first.version, first.template, first.commit_message), (1, "Hello {{name}}!", "first"))
    mlflow.register_prompt(name, "Good morning {{name}}!")
    mlflow.set_prompt_alias(name, "best", 2)
    equal(mlflow.load_prompt(f"prompts:/{name}@best").template, "Good morning {{name}}!")
    equal(mlflow.load_prompt(f"prompts:/{name}/1").format(name="Kim"), "Hello Kim!")
    client = MlflowClient()
    equal([m.name for m in client.search_registered_models(f"name = '{name}'")], [], "prompts among the models")
    equal([p.name for p in mlflow.search_prompts(f"name = '{name}'")], [name])
    client.set_prompt_tag(name, "team", "roof")
    equal(client.get_prompt(name).tags["team"], "roof")
    with refused("RESOURCE_ALREADY_EXISTS", "already taken by a prompt"):
        client.create_registered_model(name)
    mlflow.delete_prompt_alias(name, "best")
    client.delete_prompt_version(name, "2")
    client.delete_prompt_version(name, "1")
    client.delete_prompt(name)
    equal(client.get_prompt(name), None)
