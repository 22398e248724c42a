"""Artifacts over HTTP: written, listed, fetched, deleted, and paths that must not lead out."""

SHOW = ("Content-Disposition", "X-Content-Type-Options")
FILES = "/api/2.0/mlflow-artifacts/artifacts"
BAD_PATHS = ["..", "../x", "a/../../x", "a/../b", "./a", "a/./b", "%2e%2e/x", "%2e%2e%2fx", "a%2f..%2f..%2fx", "%252e%252e/x",
             "..%5cx", "a%5c..%5cx", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd",
             "file:%2f%2f%2fetc/passwd", "c:%5cx", "http:%2f%2fexample.com", "x%00y", "%00", "~/x", "a//b", "..;/x", "...",
             "a/%2e%2e", "%ff%fe"]


def ask(s):
    experiment = s.experiment("artifacts")
    run = s.run(experiment)
    root = f"{FILES}/{experiment}/{run}/artifacts"
    plain = {"Content-Type": "application/octet-stream"}
    s.put(f"{root}/notes/first.txt", b"hello\n", headers=plain)
    s.put(f"{root}/notes/first.txt", b"hello again\n", headers=plain)
    s.put(f"{root}/empty.bin", b"", headers=plain)
    s.put(f"{root}/page.html", b"<b>x</b>", headers={"Content-Type": "text/html"})
    s.put(f"{root}/data.json", b'{"a": 1}', headers=plain)
    s.put(f"{root}/with%20space%25.txt", b"x", headers=plain)
    s.put(f"{root}/MLmodel", b"flavors: {}\n", headers=plain)
    s.put(f"{root}/noext", b"\x00\x01\x02", headers=plain)
    s.put(f"{root}/image.png", b"\x89PNG", headers=plain)
    s.put(f"{root}/notes", b"a folder is here", headers=plain)
    for name in ("notes/first.txt", "empty.bin", "page.html", "data.json", "with%20space%25.txt", "MLmodel", "noext",
                 "image.png", "none.txt", "notes", "notes/", "notes/none"):
        s.get(f"{root}/{name}", show=SHOW)
    base = f"{experiment}/{run}/artifacts"
    for query in ({"path": base}, {"path": base + "/notes"}, {"path": base + "/none"}, {"path": base + "/data.json"},
                  {"path": base + "/"}, {"path": ""}, {}):
        s.get(FILES, **query)
    s.ask("GET", f"/ajax-api/2.0/mlflow-artifacts/artifacts?path={base}")

    for query in ({}, {"run_id": run}, {"run_uuid": run}, {"run_id": "0" * 32}, {"run_id": run, "path": "notes"},
                  {"run_id": run, "path": "none"}, {"run_id": run, "path": ".."},
                  {"run_id": run, "path": "/etc"}, {"run_id": run, "path": "data.json"}, {"run_id": run, "path": "a/../../b"},
                  {"run_id": run, "path": "%2e%2e/x"}, {"run_id": run, "page_token": "x"}):
        s.get("artifacts/list", **query)
    for query in ("", f"?run_id={run}", f"?run_uuid={run}&path=notes/first.txt", f"?run_id={run}&path=data.json",
                  f"?run_id={run}&path=none", f"?run_id={run}&path=../x",
                  f"?run_id={'0' * 32}&path=x", f"?run_id={run}&path=page.html", f"?run_id={run}&path=%2e%2e/x"):
        s.get("/get-artifact" + query, show=SHOW)
    s.post("registered-models/create", {"name": "house"})
    s.post("model-versions/create", {"name": "house", "source": f"mlflow-artifacts:/{base}", "run_id": run})
    for query in ("", "?name=house", "?name=house&version=1", "?name=house&version=1&path=MLmodel",
                  "?name=house&version=1&path=../x", "?name=house&version=9&path=x", "?name=none&version=1&path=x"):
        s.get("/model-versions/get-artifact" + query, show=SHOW)
    s.post(f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=up.txt", b"up", headers=plain)
    s.post(f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=../up.txt", b"up", headers=plain)
    s.post("/ajax-api/2.0/mlflow/upload-artifact", b"up", headers=plain)
    s.post(f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=empty.txt", b"", headers=plain)
    s.get(f"{root}/up.txt", show=SHOW)
    for action in ("create", "complete", "abort", "nothing"):
        s.post(f"/api/2.0/mlflow-artifacts/mpu/{action}/{base}/large.bin",
            {"path": "large.bin", "num_parts": 2, "upload_id": "x", "parts": []})
        s.post(f"/api/2.0/mlflow-artifacts/mpu/{action}/../x", {"path": "x", "num_parts": 2})
        s.post(f"/api/2.0/mlflow-artifacts/mpu/{action}/{base}/large.bin", {})
    s.get(f"/api/2.0/mlflow-artifacts/presigned/{base}/data.json")
    for name in ("data.json", "data.json", "none", "notes", "notes"):
        s.delete(f"{root}/{name}")
    s.get(FILES, path=base)
    for path in BAD_PATHS:  # late: what MLflow takes and hanok does not is listed from now on
        s.get(f"{FILES}?path={path}")
        s.get(f"{root}/{path}")
        s.put(f"{root}/{path}", b"out", headers=plain)
        s.delete(f"{root}/{path}")
    s.get(FILES, path=base)
    s.delete(root)
    s.delete(f"{FILES}/")
    s.post(f"{root}/x", b"x", headers=plain)
