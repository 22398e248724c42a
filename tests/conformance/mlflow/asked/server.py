"""What is asked of the server itself, and ways that lead nowhere."""


def ask(s):
    s.get("/version")
    s.get("/health")
    s.get("/api/3.0/mlflow/server-info")
    s.ask("GET", "/ajax-api/3.0/mlflow/server-info")
    s.post("/version", {})
    s.get("/api/2.0/mlflow")
    s.get("nothing")
    s.post("nothing", {})
    s.post("runs/", {})
    s.get("/api/1.0/mlflow/runs/get?run_id=x")
    s.get("/api/2.0/preview/mlflow/runs/get?run_id=x")
    s.get("/api/2.0/mlflow/experiments/get?experiment_id=0&experiment_id=1")
    s.ask("PUT", "runs/get", {})
    s.ask("PATCH", "runs/create", {})
    s.ask("OPTIONS", "runs/create")
    s.ask("POST", "experiments/create", b"name=form", headers={"Content-Type": "application/x-www-form-urlencoded"})
    s.ask("POST", "experiments/create", b'{"name": "as text"}', headers={"Content-Type": "text/plain"})
    s.ask("POST", "experiments/create", b'{"name": "ajax as text"}',
        headers={"Content-Type": "text/plain", "X-Requested-With": "x"})
    s.ask("POST", "/ajax-api/2.0/mlflow/experiments/create", {"name": "ajax"})
