"""runs/log-batch, the history of metrics, and inputs.

What has a wrong type goes to a run of its own: MLflow often takes it for zero or nothing where hanok refuses it.
"""


def metric(key, value, timestamp=1, step=0):
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


def ask(s):
    run, wild = s.run(), s.run()

    def batch(run_id=None, **body):
        s.post("runs/log-batch", {"run_id": run_id or run, **body})

    s.post("runs/log-batch", {})
    s.post("runs/log-batch", {"run_id": "0" * 32, "metrics": [metric("m", 1)]})
    batch()
    batch(metrics=[], params=[], tags=[])
    batch(metrics=[metric("m", 1), metric("m", 2, 2, 1), metric("n", -0.5)], params=[{"key": "p", "value": "v"}],
          tags=[{"key": "t", "value": "v"}])
    for metrics in ("x", [1], [metric("m", "x")], [metric("m", None)], [metric("m", 1, None)], [metric("m", 1, "x")],
                    [metric("m", 1, 1, "x")], [metric("m", 1, 1, 1.5)], [metric(5, 1)], [metric("m", True)], {"key": "m"}):
        batch(wild, metrics=metrics)
    batch(wild, params=[{"key": "n", "value": 5}])
    batch(wild, tags=[{"key": "n", "value": 5}])
    for metrics in ([{}], [{"key": "m"}], [{"key": "m", "value": 1}], [metric("", 1)],
                    [metric("x" * 251, 1)], [metric("a//b", 1)], [{"value": 1, "timestamp": 1}],
                    [metric("ok", 1), metric("bad key!", 1)], [metric("ok", 1), {"key": "ok"}], [metric("nan", "NaN")],
                    [metric("inf", "Infinity"), metric("less", "-Infinity")], [metric("m", "3", "3", "3")],
                    [metric("d", 7), metric("d", 7), metric("d", 7, 1, 0)], [metric("m", 9, 0, 0)]):
        batch(metrics=metrics)
    for params in ("x", [1], [{}], [{"key": "p"}], [{"value": "p"}], [{"key": "p", "value": "other"}],
                   [{"key": "p", "value": "v"}],
                   [{"key": "q", "value": "1"}, {"key": "q", "value": "1"}],
                   [{"key": "r", "value": "1"}, {"key": "r", "value": "2"}],
                   [{"key": "x" * 251, "value": "v"}], [{"key": "long", "value": "x" * 6001}], [{"key": "", "value": "v"}],
                   [{"key": "s", "value": "1"}, {"key": "a//b", "value": "2"}]):
        batch(params=params)
    for tags in ("x", [1], [{}], [{"key": "t"}], [{"key": "t", "value": "other"}],
                 [{"key": "u", "value": "1"}, {"key": "u", "value": "2"}],
                 [{"key": "x" * 251, "value": "v"}], [{"key": "long", "value": "x" * 8001}], [{"key": "", "value": "v"}],
                 [{"key": "mlflow.runName", "value": "by batch"}]):
        batch(tags=tags)
    batch(metrics=[metric("kept out", 1)], params=[{"key": "p", "value": "changed"}], tags=[{"key": "kept out", "value": "1"}])
    batch(metrics=[metric(f"m{n}", n) for n in range(1001)])
    batch(params=[{"key": f"p{n}", "value": "1"} for n in range(101)])
    batch(tags=[{"key": f"t{n}", "value": "1"} for n in range(101)])
    batch(metrics=[metric(f"m{n}", n) for n in range(950)], params=[{"key": f"p{n}", "value": "1"} for n in range(51)])
    batch(metrics=[metric("large", n / 2, n, n) for n in range(1000)])
    s.get("runs/get", run_id=run)

    for query in ({}, {"run_id": run}, {"metric_key": "m"}, {"run_id": run, "metric_key": "m"},
                  {"run_uuid": run, "metric_key": "m"},
                  {"run_id": run, "metric_key": "none"}, {"run_id": "0" * 32, "metric_key": "m"},
                  {"run_id": run, "metric_key": "nan"},
                  {"run_id": run, "metric_key": "inf"}, {"run_id": run, "metric_key": "d"}, {"run_id": run, "metric_key": ""},
                  {"run_id": run, "metric_key": "large", "max_results": 3},
                  {"run_id": run, "metric_key": "m", "max_results": "x"},
                  {"run_id": run, "metric_key": "m", "max_results": 0}, {"run_id": run, "metric_key": "m", "max_results": -1},
                  {"run_id": run, "metric_key": "m", "page_token": "x"},
                  {"run_id": run, "metric_key": "m", "max_results": 25001}):
        s.get("metrics/get-history", **query)
    page = {}
    for _ in range(3):
        token = {"page_token": page["next_page_token"]} if page else {}
        page = s.get("metrics/get-history", run_id=run, metric_key="large", max_results=400, **token)
        s.found[-1]["answer"] = {**page, "metrics": [metric["step"] for metric in page["metrics"]]}
    other = s.run()
    s.post("runs/log-batch", {"run_id": other, "metrics": [metric("large", n, n, 2 * n) for n in range(20)]})
    for query in ({}, {"run_ids": run}, {"metric_key": "m"}, {"run_ids": [run, other], "metric_key": "large", "max_results": 5},
                  {"run_ids": run, "metric_key": "m"}, {"run_ids": "0" * 32, "metric_key": "m"},
                  {"run_ids": other, "metric_key": "large", "start_step": 4, "end_step": 10},
                  {"run_ids": run, "metric_key": "m", "max_results": 0},
                  {"run_ids": other, "metric_key": "large", "start_step": 10, "end_step": 4},
                  {"run_ids": run, "metric_key": "m", "max_results": "x"},
                  {"run_ids": other, "metric_key": "large", "start_step": 4},
                  {"run_ids": run, "metric_key": "m", "max_results": 2501}):
        s.get("metrics/get-history-bulk-interval", **query)
    for query in ({}, {"run_id": run}, {"metric_key": "m"}, {"run_id": [other], "metric_key": "large"},
                  {"run_id": [other, run], "metric_key": "m", "max_results": 3}, {"run_id": "0" * 32, "metric_key": "m"}):
        s.get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", **query)

    data = {"name": "houses", "digest": "abc", "source_type": "local", "source": "houses.csv", "schema": "{}", "profile": "{}"}
    for body in ({}, {"run_id": run}, {"run_id": run, "datasets": []}, {"run_id": run, "datasets": "x"},
                 {"run_id": run, "datasets": [{}]},
                 {"run_id": run, "datasets": [{"dataset": {}}]}, {"run_id": run, "datasets": [{"dataset": data}]},
                 {"run_id": run, "datasets": [{"dataset": data, "tags": [{"key": "mlflow.data.context", "value": "train"}]}]},
                 {"run_id": run, "datasets": [{"dataset": {**data, "digest": "def"},
                 "tags": [{"key": "mlflow.data.context", "value": "eval"}]}]},
                 {"run_id": "0" * 32, "datasets": [{"dataset": data}]},
                 {"run_id": run, "datasets": [{"dataset": {**data, "name": "x" * 501}}]},
                 {"run_id": run, "datasets": [{"dataset": {**data, "digest": "x" * 37}}]},
                 {"run_id": run, "datasets": [{"tags": []}]},
                 {"run_id": run, "datasets": [{"dataset": {"name": "n", "digest": "d"}}]},
                 {"run_id": run, "datasets": [{"dataset": {"name": "n", "digest": "d2", "source_type": "local"}}]}):
        s.post("runs/log-inputs", body)
    s.get("runs/get", run_id=run)
    s.post("/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": ["0"]})
    s.post("/ajax-api/2.0/mlflow/experiments/search-datasets", {})
