"""runs/search through the client: the filter grammar, orders, pages, view types."""

import math

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

#        name, start, status, metrics, params, tags
RUNS = [
    ("Ash", 1000, "FINISHED", {"auc": 0.91, "loss": 0.1}, {"depth": "3", "kind": "tree"}, {"team": "roof", "note": "A_b%c"}),
    ("Birch", 2000, "FINISHED", {"auc": 0.85, "loss": 0.3}, {"depth": "10", "kind": "Tree"}, {"team": "walls"}),
    ("Cedar", 3000, "FAILED", {"auc": math.nan}, {"kind": "linear"}, {"team": "roof", "owner name": "kim"}),
    ("Douglas", 3000, "RUNNING", {"loss": math.inf}, {"depth": "3"}, {}),
    ("Elm", 5000, "FINISHED", {"auc": 0.91, "a.b/c d": 1}, {"a b": "it's"}, {"team": 'the "best"'}),
    ("Fir", 6000, "KILLED", {}, {}, {"한": "옥"}),
]
_made = {}


def forest():
    """An experiment with RUNS in it, made once: its id; and name by run id."""
    if not _made:
        client = MlflowClient()
        experiment_id = client.create_experiment(unique("forest"))
        for name, start, status, metrics, params, tags in RUNS:
            run = client.create_run(experiment_id, start_time=start, run_name=name)
            client.log_batch(run.info.run_id, [Metric(k, v, 1, 1) for k, v in metrics.items()],
                             [Param(k, v) for k, v in params.items()], [RunTag(k, v) for k, v in tags.items()])
            if status != "RUNNING":
                client.set_terminated(run.info.run_id, status, end_time=start + 500)
            _made[name] = run.info.run_id
        gone = client.create_run(experiment_id, start_time=9000, run_name="Gone")
        client.delete_run(gone.info.run_id)
        _made["id"] = experiment_id
    return _made["id"]


def search(filter_string="", **options):
    return MlflowClient().search_runs([forest()], filter_string, **options)


def letters(filter_string="", **options):
    return "".join(run.info.run_name[0] for run in search(filter_string, **options))


FILTERS = {  # in the default order: newest first
    "metrics.auc > 0.9": "EA", "metric.auc >= 0.91": "EA", "metrics.auc < 0.9": "B", "metrics.auc <= 0.85": "B",
    "metrics.auc = 0.91": "EA", "metrics.auc != 0.91": "CB", "metrics.loss > 1e300": "D", "metrics.loss > -1": None,
    "metrics.none > 0": "", "metrics.`a.b/c d` = 1": "E", 'metrics."a.b/c d" = 1': "E",
    "params.depth = '3'": None, "params.depth != '3'": "B", "param.kind = 'tree'": "A", "params.kind LIKE 'tr%'": "A",
    "params.kind ILIKE 'TR%'": "BA", "parameters.kind LIKE '_ree'": "BA", 'params.`a b` = "it\'s"': "E",
    "params.depth IS NULL": "FEC", "params.depth IS NOT NULL": None,
    "tags.team = 'roof'": "CA", "tag.team != 'roof'": "EB", "tags.team LIKE '%best%'": "E", "tags.team ILIKE 'ROOF'": "CA",
    "tags.note LIKE 'A_b%'": "A", "tags.`owner name` = 'kim'": "C", 'tags."owner name" = "kim"': "C", "tags.한 = '옥'": "F",
    "tags.team IS NULL": None, "tags.team IS NOT NULL": "ECBA",
    "attributes.status = 'FINISHED'": "EBA", "status != 'FINISHED'": None, "status LIKE 'F%'": "ECBA", "status = 'finished'": "",
    "run_name = 'Elm'": "E", "attributes.run_name LIKE '%r'": None, "run_name ILIKE 'ASH'": "A", "`run name` = 'Fir'": "F",
    "start_time > 3000": "FE", "attributes.start_time >= 3000": None, "start_time = 1000": "A", "created < 2000": "A",
    "end_time > 5000": "FE", "end_time <= 1500": "A",
    "metrics.auc > 0.5 AND params.kind ILIKE 'tree' and tags.team = 'walls'": "B",
    "metrics.auc > 0.9 AND metrics.loss < 0.2": "A", "tags.team = 'roof' AND status = 'FINISHED'": "A",
    "params.depth = '3' AND params.kind = 'tree'": "A", "tags.team = 'nobody'": "", "": "FEDCBA",
    "tags.mlflow.runName = 'Ash'": "A", "tags.`mlflow.runName` LIKE '%ir%'": "FB",
}
BETWEEN_EQUALS = {  # C and D began at the same moment: their order is that of random ids
    "metrics.loss > -1": "DBA", "params.depth = '3'": "DA", "params.depth IS NOT NULL": "DBA", "tags.team IS NULL": "FD",
    "status != 'FINISHED'": "FDC", "attributes.run_name LIKE '%r'": "FC",
    "attributes.start_time >= 3000": "FEDC",
}


@test
def every_filter(server):
    wrong = []
    for text, wanted in FILTERS.items():
        wanted = BETWEEN_EQUALS[text] if wanted is None else wanted
        try:
            found = letters(text)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        if found != wanted and found.replace("CD", "DC") != wanted:
            wrong.append(f"{text}: wanted {wanted}, found {found}")
    assert not wrong, "\n".join(wrong)


@test
def run_ids_in_lists(server):
    forest()
    ids = f"('{_made['Ash']}', '{_made['Fir']}')"
    equal(letters(f"attributes.run_id IN {ids}"), "FA")
    equal(letters(f"run_id NOT IN {ids}").replace("CD", "DC"), "EDCB")
    equal(letters(f"run_id = '{_made['Birch']}'"), "B")


ORDERS = {
    "start_time ASC": None, "attributes.run_name DESC": "FEDCBA", "run_name": "ABCDEF", "attribute.end_time ASC": "ABCEFD",
    "metrics.auc DESC": None, "metrics.auc ASC": None, "metrics.loss DESC": None, "params.depth ASC": None,
    "tags.team ASC": None, "tag.`owner name` DESC": None, "status ASC": None,
}
ORDERED = {  # what must come first, in this order; the rest is ordered by start and id
    "start_time ASC": "AB", "metrics.auc DESC": "EABC", "metrics.auc ASC": "BEAC", "metrics.loss DESC": "DBA",
    "params.depth ASC": "B", "tags.team ASC": "CAE", "tag.`owner name` DESC": "C", "status ASC": "CEBAFD",
}


@test
def every_order(server):
    wrong = []
    for text, wanted in ORDERS.items():
        wanted = ORDERED[text] if wanted is None else wanted
        found = letters(order_by=[text])
        if not found.startswith(wanted) or len(found) != 6:
            wrong.append(f"{text}: wanted {wanted}..., found {found}")
    assert not wrong, "\n".join(wrong)


@test
def several_orders(server):
    equal(letters(order_by=["status ASC", "run_name DESC"]), "CEBAFD")
    equal(letters(order_by=["metrics.auc DESC", "run_name ASC"])[:4], "AEBC")
    equal(letters("metrics.auc > 0", order_by=["params.depth DESC", "start_time DESC"]), "ABE")


@test
def pages(server):
    found, token = "", None
    for _ in range(10):
        page = search(order_by=["run_name"], max_results=4, page_token=token)
        found += "".join(run.info.run_name[0] for run in page)
        token = page.token
        if not token:
            break
    equal(found, "ABCDEF")
    equal(letters(max_results=1, order_by=["run_name DESC"]), "F")


@test
def view_types_and_experiments(server):
    equal(letters(run_view_type=ViewType.DELETED_ONLY), "G")
    equal(letters(run_view_type=ViewType.ALL).replace("CD", "DC"), "GFEDCBA")
    equal(len(MlflowClient().search_runs([], "metrics.auc > 0")), 0)
    other = MlflowClient().create_experiment(unique("other"))
    MlflowClient().create_run(other, run_name="Zelkova", start_time=7000)
    found = MlflowClient().search_runs([forest(), other], "", max_results=2)
    equal([run.info.run_name for run in found], ["Zelkova", "Fir"])


@test
def what_a_found_run_carries(server):
    (run,) = search("run_name = 'Ash'")
    equal((run.data.metrics, run.data.params), (RUNS[0][3], RUNS[0][4]))
    equal({key: run.data.tags[key] for key in ("team", "note", "mlflow.runName")},
          {"team": "roof", "note": "A_b%c", "mlflow.runName": "Ash"})
    equal((run.info.start_time, run.info.end_time, run.info.status), (1000, 1500, "FINISHED"))


@test
def a_data_frame(server):
    frame = mlflow.search_runs([forest()], order_by=["run_name"])
    equal(list(frame["tags.mlflow.runName"]), [run[0] for run in RUNS])
    equal(frame["params.depth"].tolist()[:2], ["3", "10"])
    assert math.isnan(frame["metrics.auc"][5]), frame["metrics.auc"]


BROKEN = ["metrics.auc >", "metrics.auc > 'x'", "params.depth = 3", "tags.team > 'a'", "colour.x = '1'", "auc = 1",
          "metrics.auc > 1 OR metrics.loss > 1", "status IN ('FAILED', 'KILLED')", "  ", "status IN 'FAILED'", "status IN ()",
          "attributes.colour = 'x'", "params.depth LIKE 3", "start_time LIKE '1%'", "start_time > 'x'", "metrics.auc IS NULL",
          "NOT tags.team = 'x'", "(tags.team = 'x')", "tags.team = 'x", "tags.team = \"x'", "a; b", "metrics.auc LIKE '1'"]


@test
def broken_filters(server):
    wrong = []
    for text in BROKEN:
        try:
            with refused("INVALID_PARAMETER_VALUE"):
                search(text)
        except AssertionError as error:
            wrong.append(f"{text}: {error}")
    assert not wrong, "\n".join(wrong)
    for order in ("metrics.auc SIDEWAYS", "colour", "attributes.colour DESC", "metrics", "metrics.auc DESC ASC"):
        with refused("INVALID_PARAMETER_VALUE"):
            search(order_by=[order])
    with refused("INVALID_PARAMETER_VALUE"):
        search(page_token="nothing")
    with refused("INVALID_PARAMETER_VALUE", "50001"):
        search(max_results=50001)


@test
def registered_models_and_versions(server):
    client, word = MlflowClient(), unique("Pine")
    for letter in "abc":
        client.create_registered_model(f"{word}.{letter}", tags={"letter": letter})
    for source in ("s3://x/1", "s3://x/2"):
        client.create_model_version(f"{word}.b", source, tags={"source": source[-1]})

    def models(text, **options):
        return [m.name[-1] for m in client.search_registered_models(text, **options)]

    equal(models(f"name LIKE '{word}%'"), list("abc"))
    equal(models(f"name LIKE '{word}%'", order_by=["name DESC"]), list("cba"))
    equal(models(f"name ILIKE '{word.lower()}.B'"), ["b"])
    equal(models(f"name = '{word}.a'"), ["a"])
    equal(models(f"name LIKE '{word}%' AND tags.letter = 'c'"), ["c"])
    equal(models(f"name LIKE '{word}%' AND tag.letter != 'c'"), list("ab"))
    equal(models(f"name LIKE '{word}%'", order_by=["last_updated_timestamp DESC"])[0], "b")
    page = client.search_registered_models(f"name LIKE '{word}%'", max_results=2)
    equal([m.name[-1] for m in client.search_registered_models(f"name LIKE '{word}%'", max_results=2, page_token=page.token)],
          ["c"])

    def versions(text, **options):
        return [int(v.version) for v in client.search_model_versions(text, **options)]

    equal(versions(f"name = '{word}.b'"), [2, 1])
    equal(versions(f"name LIKE '{word}%'", order_by=["version_number ASC"]), [1, 2])
    equal(versions(f"name = '{word}.b' AND tags.source = '1'"), [1])
    equal(versions(f"name = '{word}.b' AND source_path = 's3://x/2'"), [2])
    equal(versions(f"name = '{word}.b' AND version_number > 1"), [2])
    equal(versions(f"name = '{word}.b' AND run_id IN ('a', 'b')"), [])
    equal(versions(f"name = '{word}.none'"), [])
    for text in ("colour = 'x'", "name > 'a'", "tags.x > 'a'", "name ="):
        with refused("INVALID_PARAMETER_VALUE"):
            client.search_registered_models(text)
        with refused("INVALID_PARAMETER_VALUE"):
            client.search_model_versions(text)
