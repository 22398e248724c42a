"""runs/search and experiments/search: filters, orders, pages, and their mistakes. What is found is told by names."""

RUN_FILTERS = [
    "", " ", "metrics.auc > 0.8", "metric.auc>0.8", "METRICS.auc > 0.8", "metrics.auc = 0.9", "metrics.auc != 0.9",
    "metrics.auc < 1e3",
    "metrics.auc > -1", "metrics.auc > +1", "metrics.auc > .5", "metrics.auc > 1.", "metrics.auc > 0x1", "metrics.auc >> 1",
    "metrics.auc == 1",
    "metrics.auc <> 1", "metrics.auc > '0.8'", "metrics.auc > \"0.8\"", "metrics.auc > auc", "metrics.auc > 1 2", "metrics.auc",
    "metrics", ">",
    "metrics.auc >", "metrics. > 1", "metrics.'auc' > 1", "metrics.`auc` > 0.8", "metrics.\"auc\" > 0.8", "metrics.`auc > 0.8",
    "metrics.a.b/c d > 0",
    "metrics.`a.b/c d` > 0", "`metrics`.auc > 0", "metrics.auc IN (1)", "metrics.auc LIKE '1'", "metrics.auc IS NULL",
    "metrics.nan > 0",
    "metrics.nan = 'NaN'", "metrics.nan != 1", "metrics.inf > 1", "metrics.auc > 0.8 AND metrics.loss < 1",
    "metrics.auc > 0.8 and metrics.loss < 1",
    "metrics.auc > 0.8 And params.kind = 'tree'", "metrics.auc > 0.8 OR metrics.loss < 1", "metrics.auc > 0.8 AND",
    "AND metrics.auc > 0.8",
    "metrics.auc > 0.8 AND AND metrics.loss < 1", "metrics.auc > 0.8, metrics.loss < 1", "metrics.auc > 0.8; metrics.loss < 1",
    "metrics.auc > 0.8 metrics.loss < 1", "NOT metrics.auc > 0.8", "(metrics.auc > 0.8)", "metrics.auc > (0.8)",
    "metrics.auc > 0.8 -- more",
    "metrics.auc > 0.8 /* more */", "0.8 < metrics.auc", "metrics.auc BETWEEN 0 AND 1",
    "params.kind = 'tree'", "params.kind = \"tree\"", "param.kind != 'tree'", "parameter.kind = 'tree'",
    "parameters.kind = 'tree'",
    "params.kind = tree", "params.kind = `tree`", "params.kind = 5", "params.kind > 'a'", "params.kind LIKE 'TR%'",
    "params.kind ILIKE 'TR%'",
    "params.kind like 'tr%'", "params.kind LIKE 'tr_e'", "params.kind LIKE '%'", "params.kind LIKE tree",
    "params.kind NOT LIKE 'tr%'",
    "params.kind IN ('tree')", "params.kind IS NULL", "params.kind IS NOT NULL", "params.kind is null", "params.kind IS 'x'",
    "params.kind IS",
    "params.kind = 'it''s'", "params.q = 'it\"s'", "params.q = \"it's\"", "params.kind = ''", "params.kind = 'tree",
    "params.kind = tree'",
    "params.none = 'x'", "params.none != 'x'", "params.한 = '옥'",
    "tags.team = 'roof'", "tag.team != 'roof'", "tags.`team` ILIKE 'ROOF'", "tags.team > 'a'", "tags.team = 5",
    "tags.mlflow.user = 'kim'",
    "tags.`mlflow.user` = 'kim'", "tags.team IS NULL", "tags.team IS NOT NULL", "tags.team IN ('roof')",
    "tags.note LIKE '%50\\%%'",
    "status = 'FINISHED'", "attribute.status = 'FINISHED'", "attributes.status = 'RUNNING'", "attr.status = 'RUNNING'",
    "run.status = 'RUNNING'",
    "status = 'running'", "status = 5", "status > 'A'", "status IN ('FINISHED')", "status LIKE 'FIN%'", "status != 'FINISHED'",
    "status IS NULL",
    "start_time > 1000", "start_time = 1000", "attributes.start_time >= 2000", "start_time > '1000'", "start_time > 1000.5",
    "start_time LIKE '1%'",
    "created > 1000", "Created > 1000", "attributes.created > 1000", "end_time < 99999", "end_time IS NULL", "run_name = 'A'",
    "run_name LIKE '%'",
    "attributes.`run name` = 'A'", "`run name` = 'A'", "`Run name` = 'A'", "run_name != 'A'", "run_name IN ('A', 'B')",
    "name = 'A'", "user_id = 'kim'",
    "attributes.user_id LIKE 'k%'", "artifact_uri LIKE 'mlflow-artifacts%'", "attributes.artifact_uri = 'x'",
    "lifecycle_stage = 'active'",
    "attributes.lifecycle_stage = 'active'", "run_id = 'x'", "run_id IN ('x', 'y')", "run_id NOT IN ('x')", "run_id IN ()",
    "run_id IN ('x'",
    "run_id IN 'x'", "run_id IN ('x',)", "run_id IN (5)", "run_id IN (\"x\")", "run_id IN (x)", "run_id LIKE '%'",
    "run_id > 'x'", "experiment_id = '0'",
    "attributes.experiment_id = '0'", "source_type = 'x'", "attributes.source_name = 'x'", "colour = 'x'", "colours.x = 'x'",
    "attributes.colour = 'x'",
    "dataset.name = 'houses'", "datasets.name LIKE 'h%'", "dataset.digest = 'abc'", "dataset.context = 'train'",
    "dataset.colour = 'x'",
    "dataset.name IN ('houses')", "dataset.name NOT IN ('houses')", "dataset.name > 'x'", "dataset.name = 5",
    "dataset.name IS NULL",
    "select * from runs", "1 = 1", "'a' = 'a'",
    "metrics.auc > 0.8 AND params.kind = 'tree' AND tags.team = 'roof' AND status = 'FINISHED'",
    "metrics.auc > 1 UNION SELECT 1", "metrics.order > 1", "params.select = 'x'", "tags.from = 'x'", "params.key = 'x'",
    "\n metrics.auc\n>\t0.8 ",
    "metrics.auc > 0.8\u00a0", "metrics.auc > 1e309", "start_time > 99999999999999999999", "a", "'", "`", "\"", "%",
    "metrics.auc > 0.8 AND (params.kind = 'tree')",
]

ORDERS = [
    ["metrics.auc"], ["metrics.auc ASC"], ["metrics.auc DESC"], ["metrics.auc asc"], ["metrics.auc desc"], ["metric.auc Desc"],
    ["metrics.nan DESC"],
    ["metrics.nan ASC"], ["metrics.none DESC"], ["params.kind"], ["params.kind DESC"], ["tags.team"], ["tag.team DESC"],
    ["start_time"], ["start_time DESC"],
    ["attributes.start_time ASC"], ["attribute.end_time DESC"], ["status"], ["run_name DESC"], ["attributes.`run name`"],
    ["`run name`"], ["Created"], ["created DESC"],
    ["run_id"], ["run_name ASC", "start_time DESC"], ["run_name", "run_name"], ["run_name", "attributes.run_name DESC"],
    ["metrics.auc DESC", "params.kind"],
    ["metrics.`a.b/c d` DESC"], ["metrics.a.b/c d DESC"], ["metrics.auc SIDEWAYS"], ["metrics.auc DESC ASC"], ["metrics"],
    ["colour"], ["attributes.colour"],
    ["colours.x"], [""], [" "], ["metrics.auc,metrics.loss"], ["metrics.auc", ""], ["DESC"], ["dataset.name"], ["user_id"],
    ["artifact_uri"], ["lifecycle_stage"],
    ["metrics.'auc'"], ["experiment_id"], ["params.`kind` ASC"], ["tags.\"team\""], [5], "metrics.auc", [["a"]],
    ["metrics.auc > 1"], ["attributes.status IN"],
]

EXPERIMENT_FILTERS = [
    "", " ", "name = 'a'", "name = \"a\"", "name != 'a'", "name LIKE '%'", "name ILIKE 'A'", "name > 'a'", "name = a",
    "name = 5", "name IN ('a')",
    "attribute.name = 'a'", "attributes.name = 'a'", "attr.name = 'a'", "experiment.name = 'a'", "experiment_id = '1'",
    "experiment_id IN ('1')",
    "creation_time > 0", "creation_time > 'x'", "last_update_time > 0", "last_update_time LIKE '1'", "tags.k = 'v'",
    "tag.k = 'v'", "tags.k != 'v'", "tags.k LIKE 'v%'",
    "tags.k > 'a'", "tags.k IS NULL", "tags.k IS NOT NULL", "tags.`k` = 'v'", "lifecycle_stage = 'active'", "colour = 'x'",
    "name = 'a' AND tags.k = 'v'", "name = 'a' OR name = 'b'",
    "name =", "name", "metrics.x > 1", "params.x = '1'", "artifact_location = 'x'", "name = 'a'; name = 'b'", "name = 'a' AND",
]


def ask(s):
    experiment = s.experiment("searched")
    runs = {}
    for at, (name, metrics, params, tags, status) in enumerate((
        ("A", {"auc": 0.9, "loss": 0.1, "a.b/c d": 1}, {"kind": "tree"}, {"team": "roof", "mlflow.user": "kim"}, "FINISHED"),
        ("B", {"auc": 0.7, "nan": "NaN"}, {"kind": "Tree", "q": "it's"}, {"team": "walls", "note": "50% off"}, "FAILED"),
        ("C", {"nan": 5, "inf": "Infinity"}, {"kind": "linear", "q": 'it"s'}, {}, None),
        ("D", {"auc": 0.9}, {"한": "옥"}, {"team": "Roof"}, "KILLED"),
    )):
        run = runs[name] = s.run(experiment, run_name=name, start_time=1000 * (at + 1), user_id="kim" if name == "A" else "lee")
        s.post("runs/log-batch", {"run_id": run, "metrics": [{"key": k, "value": v, "timestamp": 1, "step": 0} for k,
            v in metrics.items()],
                                  "params": [{"key": k, "value": v} for k, v in params.items()],
                                  "tags": [{"key": k, "value": v} for k, v in tags.items()]})
        if status:
            s.post("runs/update", {"run_id": run, "status": status, "end_time": 9000 - at})
    s.post("runs/log-inputs", {"run_id": runs["B"], "datasets": [{"dataset": {"name": "houses", "digest": "abc",
        "source_type": "local", "source": "x"},
                                                                  "tags": [{"key": "mlflow.data.context", "value": "train"}]}]})
    gone = s.run(experiment, run_name="gone", start_time=500)
    s.post("runs/delete", {"run_id": gone})

    def search(**body):
        s.post("runs/search", {"experiment_ids": [experiment], **body})
        s.pick("runs", lambda run: run["info"]["run_name"])

    for text in RUN_FILTERS:
        search(filter=text)
    for order in ORDERS:
        search(order_by=order)
        if order in (["run_id"], ["artifact_uri"]):
            s.found[-1]["answer"].sort()  # ids are random
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "NONSENSE", 1, 2, 3, "", 9):
        search(run_view_type=view)
    for limit in (0, 1, 4, 5, 50000, 50001, -1, "2", "x", 1.5):
        search(max_results=limit)
    for token in ("", "x", "eyJvZmZzZXQiOiAyfQ==", "eyJvZmZzZXQiOiAwfQ==", "eyJvZmZzZXQiOiAtMX0=", "e30=", "bnVsbA==", 5):
        search(page_token=token)
    for ids in ([], ["99"], ["x"], [experiment, "0"], [experiment, experiment], "0", [0], None):
        search(experiment_ids=ids)
    s.post("runs/search", {"experiment_ids": [experiment], "filter": 5})
    s.post("runs/search", {"experiment_ids": [experiment], "filter": "run_name = 'B'"})
    s.post("runs/search", {})
    s.get("runs/search", experiment_ids=experiment)

    for name, tags in (("a", {"k": "v"}), ("b", {}), ("A b", {"k": "w"})):
        s.post("experiments/create", {"name": name, "tags": [{"key": k, "value": v} for k, v in tags.items()]})
    s.post("experiments/delete", {"experiment_id": s.experiment("dead")})

    def experiments(**body):
        s.post("experiments/search", {"max_results": 100, "order_by": ["name"], **body})
        s.pick("experiments", lambda experiment: experiment["name"])

    for text in EXPERIMENT_FILTERS:
        experiments(filter=text)
    for order in ([], ["name DESC"], ["name", "name"], ["experiment_id"], ["experiment_id DESC"], ["tags.k"], ["colour"],
                  ["name SIDEWAYS"], [""],
                  ["lifecycle_stage"], ["attributes.name DESC"]):
        experiments(order_by=order)
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "NONSENSE"):
        experiments(view_type=view)
    for limit in (0, 1, -1, 50000, 50001, "x"):
        experiments(max_results=limit)
    for token in ("x", "eyJvZmZzZXQiOiAyfQ==", "eyJvZmZzZXQiOiAwfQ=="):
        experiments(page_token=token)
    s.post("experiments/search", {})
    s.get("experiments/search", max_results=2, order_by="name")
    s.get("experiments/search")
    s.post("experiments/search", {"max_results": 1, "filter": "name = 'a'"})
