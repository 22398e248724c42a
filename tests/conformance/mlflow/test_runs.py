"""Runs: what ordinary training code records, and what it may not."""

import math
import threading

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag


def new_run(client=None, **options):
    client = client or MlflowClient()
    return client.create_run(client.create_experiment(unique("runs")), **options).info.run_id


@test
def a_fluent_run(server):
    mlflow.set_experiment(unique("fluent-run"))
    with mlflow.start_run(run_name="first floor", tags={"team": "roof"}, description="tiles") as run:
        mlflow.log_param("depth", 3)
        mlflow.log_params({"rate": 0.1, "words": "a b c"})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metric("loss", 0.25, step=2)
        mlflow.log_metrics({"auc": 0.9, "f1": 0.8})
        mlflow.set_tags({"stage": "draft", "한": "옥"})
        mlflow.set_tag("gone", "soon")
        mlflow.delete_tag("gone")
    found = mlflow.get_run(run.info.run_id)
    equal(found.data.params, {"depth": "3", "rate": "0.1", "words": "a b c"})
    equal(found.data.metrics, {"loss": 0.25, "auc": 0.9, "f1": 0.8})
    equal((found.info.status, found.info.run_name, found.info.lifecycle_stage), ("FINISHED", "first floor", "active"))
    assert found.info.start_time <= found.info.end_time
    tags = {key: value for key, value in found.data.tags.items() if not key.startswith("mlflow.source")}
    tags.pop("mlflow.user")
    equal(tags, {"team": "roof", "stage": "draft", "한": "옥", "mlflow.runName": "first floor",
                 "mlflow.note.content": "tiles"})
    equal(found.info.artifact_uri, f"mlflow-artifacts:/{found.info.experiment_id}/{found.info.run_id}/artifacts")


@test
def a_run_that_fails_and_one_that_is_resumed(server):
    mlflow.set_experiment(unique("ends"))
    try:
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            raise KeyError("the roof leaks")
    except KeyError:
        pass
    equal(mlflow.get_run(run.info.run_id).info.status, "FAILED")
    with mlflow.start_run(run_id=run.info.run_id):
        equal(mlflow.get_run(run.info.run_id).info.status, "RUNNING")
        mlflow.log_metric("m", 2)
    found = mlflow.get_run(run.info.run_id)
    equal((found.info.status, found.data.metrics), ("FINISHED", {"m": 2.0}))


@test
def a_run_without_a_name_gets_one(server):
    found = MlflowClient().get_run(new_run())
    assert found.info.run_name and "-" in found.info.run_name, found.info.run_name
    equal(found.data.tags["mlflow.runName"], found.info.run_name)


@test
def nested_runs(server):
    mlflow.set_experiment(unique("nested"))
    with mlflow.start_run(run_name="parent") as parent:
        children = []
        for rate in (0.1, 0.2):
            with mlflow.start_run(run_name=f"child {rate}", nested=True) as child:
                mlflow.log_param("rate", rate)
                children.append(child.info.run_id)
    equal(mlflow.get_parent_run(children[0]).info.run_id, parent.info.run_id)
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    equal({run.info.run_id for run in found}, set(children))
    found = mlflow.search_runs(filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' AND params.rate = '0.2'",
                               output_format="list")
    equal([run.info.run_id for run in found], children[1:])


@test
def names_and_tags_tell_the_same(server):
    client = MlflowClient()
    run_id = new_run(client, run_name="one")
    client.update_run(run_id, name="two")
    equal(client.get_run(run_id).data.tags["mlflow.runName"], "two")
    client.set_tag(run_id, "mlflow.runName", "three")
    equal(client.get_run(run_id).info.run_name, "three")
    client.update_run(run_id, status="FAILED")
    equal(client.get_run(run_id).info.status, "FAILED")
    client.set_terminated(run_id, "KILLED", end_time=1_700_000_000_123)
    info = client.get_run(run_id).info
    equal((info.status, info.end_time), ("KILLED", 1_700_000_000_123))


@test
def a_batch_of_a_thousand(server):
    client, run_id = MlflowClient(), new_run()
    metrics = [Metric(f"m{n % 10}", n / 8, 1_700_000_000_000 + n, n // 10) for n in range(1000)]
    client.log_batch(run_id, metrics[:800], [Param(f"p{n}", str(n)) for n in range(100)],
                     [RunTag(f"t{n}", str(n)) for n in range(100)])
    client.log_batch(run_id, metrics[800:])
    data = client.get_run(run_id).data
    equal((len(data.params), data.params["p99"], data.tags["t99"]), (100, "99", "99"))
    equal(data.metrics, {f"m{n}": (990 + n) / 8 for n in range(10)})
    history = client.get_metric_history(run_id, "m3")
    equal([(m.step, m.value, m.timestamp) for m in history],
          [(n, (10 * n + 3) / 8, 1_700_000_000_003 + 10 * n) for n in range(100)])
    equal(client.get_metric_history(run_id, "none"), [])


@test
def numbers_that_are_none(server):
    client, run_id = MlflowClient(), new_run()
    for key, value in (("nan", math.nan), ("more", math.inf), ("less", -math.inf), ("tiny", 5e-324),
                       ("large", 1.7976931348623157e308), ("zero", -0.0), ("third", 1 / 3)):
        client.log_metric(run_id, key, value)
        client.log_batch(run_id, [Metric(key + "_batch", value, 1, 0)])
    found = client.get_run(run_id).data.metrics
    for end in ("", "_batch"):
        assert math.isnan(found["nan" + end]), found
        equal((found["tiny" + end], found["third" + end], found["zero" + end]), (5e-324, 1 / 3, 0.0))
        assert found["more" + end] >= 1.79e308 and found["less" + end] <= -1.79e308, found
    (history,) = client.get_metric_history(run_id, "nan")
    assert math.isnan(history.value), history


@test
def the_latest_value_is_that_of_the_highest_step(server):
    client, run_id = MlflowClient(), new_run()
    for value, timestamp, step in ((1, 10, 5), (2, 99, 4), (3, 10, 5), (2.5, 10, 5), (4, 9, 5), (9, 200, -3)):
        client.log_metric(run_id, "m", value, timestamp=timestamp, step=step)
    equal(client.get_run(run_id).data.metrics, {"m": 3.0})
    client.log_metric(run_id, "m", 0.5, timestamp=11, step=5)
    equal(client.get_run(run_id).data.metrics, {"m": 0.5})
    equal(len(client.get_metric_history(run_id, "m")), 7)
    client.log_metric(run_id, "m", 0.5, timestamp=11, step=5)  # the same again is no new value
    equal(len(client.get_metric_history(run_id, "m")), 7)


@test
def history_in_pages(server):
    client, run_id = MlflowClient(), new_run()
    client.log_batch(run_id, [Metric("m", n, n, n) for n in range(1000)])
    client.log_batch(run_id, [Metric("m", n, n, n) for n in range(1000, 1500)])
    history = client.get_metric_history(run_id, "m")
    equal([m.step for m in history], list(range(1500)))
    store, found, token = client._tracking_client.store, [], None
    while True:
        page = store.get_metric_history(run_id, "m", max_results=400, page_token=token)
        found += [m.step for m in page]
        token = page.token
        if not token:
            break
    equal(found, list(range(1500)))


@test
def params_are_written_once(server):
    client, run_id = MlflowClient(), new_run()
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "depth", 3)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", "depth"):
        client.log_param(run_id, "depth", 4)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", "depth"):
        client.log_batch(run_id, [Metric("kept_out", 1, 1, 1)], [Param("new", "1"), Param("depth", "5")])
    equal(client.get_run(run_id).data.params["depth"], "3")


@test
def asynchronous_logging(server):
    mlflow.set_experiment(unique("async"))
    with mlflow.start_run() as run:
        for step in range(200):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({f"p{n}": n for n in range(20)}, synchronous=False)
        mlflow.set_tags({f"t{n}": n for n in range(20)}, synchronous=False)
        mlflow.flush_async_logging()
    data = mlflow.get_run(run.info.run_id).data
    equal((data.metrics["m"], len(data.params), data.tags["t19"]), (199.0, 20, "19"))
    equal(len(MlflowClient().get_metric_history(run.info.run_id, "m")), 200)


@test
def several_threads_write_to_one_run(server):
    client, run_id, wrong = MlflowClient(), new_run(), []

    def write(number):
        try:
            for step in range(20):
                client.log_metric(run_id, f"m{number}", step, step=step)
                client.set_tag(run_id, f"t{number}", step)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong, [])
    equal(client.get_run(run_id).data.metrics, {f"m{number}": 19.0 for number in range(4)})
    equal(len(client.get_metric_history(run_id, "m2")), 20)


@test
def deleted_runs_are_kept_and_not_written_to(server):
    client, run_id = MlflowClient(), new_run()
    client.log_param(run_id, "a", "b")
    client.delete_run(run_id)
    equal(client.get_run(run_id).info.lifecycle_stage, "deleted")
    with refused("INVALID_PARAMETER_VALUE", "active"):
        client.log_metric(run_id, "m", 1)
    with refused("INVALID_PARAMETER_VALUE", "active"):
        client.set_tag(run_id, "m", 1)
    client.restore_run(run_id)
    client.log_metric(run_id, "m", 1)
    equal((client.get_run(run_id).data.params, client.get_run(run_id).data.metrics), ({"a": "b"}, {"m": 1.0}))


@test
def what_is_not_there(server):
    client, run_id = MlflowClient(), "0" * 32
    for call in (lambda: client.get_run(run_id), lambda: client.log_metric(run_id, "m", 1),
                 lambda: client.log_param(run_id, "m", 1), lambda: client.set_tag(run_id, "m", 1),
                 lambda: client.delete_run(run_id), lambda: client.log_batch(run_id, [Metric("m", 1, 1, 1)])):
        with refused("RESOURCE_DOES_NOT_EXIST", run_id):
            call()
    with refused("RESOURCE_DOES_NOT_EXIST", "987654321"):
        client.create_run("987654321")
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: none"):
        client.delete_tag(new_run(client), "none")


@test
def long_values(server):
    client, run_id = MlflowClient(), new_run()
    client.log_param(run_id, "long", "x" * 6000)
    client.set_tag(run_id, "long", "한" * 2000)
    data = client.get_run(run_id).data
    equal((data.params["long"], data.tags["long"]), ("x" * 6000, "한" * 2000))
    client.log_metric(run_id, "a" * 250, 1)
    client.log_param(run_id, "longer", "x" * 6001)
    equal(client.get_run(run_id).data.params["longer"], "x" * 6000, "a param that is too long, which is cut")
