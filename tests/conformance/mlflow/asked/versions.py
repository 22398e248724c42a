"""Model versions: made from where, moved between stages, changed, deleted, found."""


def ask(s):
    s.post("registered-models/create", {"name": "house"})
    run, other = s.run(), s.run()
    uri = f"mlflow-artifacts:/0/{run}/artifacts"
    for body in ({}, {"name": "house"}, {"source": "s3://x"}, {"name": "none", "source": "s3://x"},
                 {"name": "house", "source": ""}, {"name": "house", "source": 5},
                 {"name": "house", "source": "s3://bucket/model"}, {"name": "house", "source": f"{uri}/model", "run_id": run},
                 {"name": "house", "source": uri, "run_id": run},
                 {"name": "house", "source": f"{uri}/model", "run_id": other}, {"name": "house", "source": f"{uri}/model"},
                 {"name": "house", "source": f"{uri}/../../x", "run_id": run},
                 {"name": "house", "source": f"{uri}/%2e%2e/x", "run_id": run},
                 {"name": "house", "source": f"{uri}/%252e%252e/x", "run_id": run},
                 {"name": "house", "source": f"runs:/{run}/model", "run_id": run},
                 {"name": "house", "source": f"runs:/{other}/model", "run_id": run},
                 {"name": "house", "source": "/etc/passwd"}, {"name": "house", "source": "file:///etc/passwd"},
                 {"name": "house", "source": "relative/path"},
                 {"name": "house", "source": "./x"}, {"name": "house", "source": "s3://bucket/../x"},
                 {"name": "house", "source": "s3://bucket/a/../../x"},
                 {"name": "house", "source": "models:/house/1"}, {"name": "house", "source": "models:/none/1"},
                 {"name": "house", "source": "models:/house@none"},
                 {"name": "house", "source": "models:/m-" + "0" * 32},
                 {"name": "house", "source": "mlflow-artifacts:/x/y", "run_id": "0" * 32},
                 {"name": "house", "source": "http://example.com/x"},
                 {"name": "house", "source": "s3://b/x", "run_id": "0" * 32},
                 {"name": "house", "source": "s3://b/x", "tags": [{"key": "k", "value": "v"}], "description": "한옥"},
                 {"name": "house", "source": "s3://b/x", "tags": [{"key": "k"}]},
                 {"name": "house", "source": "s3://b/x", "run_link": "http://example.com/run"},
                 {"name": "house", "source": "s3://b/x", "tags": "x"}, {"name": "", "source": "s3://b/x"},
                 {"name": "house", "source": "s3://b/" + "x" * 600},
                 {"name": "house", "source": "s3://b/x", "model_id": "m-" + "0" * 32}, {"name": "house", "source": "dbfs:/x"},
                 {"name": "house", "source": "S3://b/x"}):
        s.post("model-versions/create", body)
    for query in ({}, {"name": "house"}, {"name": "house", "version": "1"}, {"name": "house", "version": "2"},
                  {"name": "house", "version": "99"}, {"name": "house", "version": "x"},
                  {"name": "house", "version": ""}, {"name": "house", "version": "-1"}, {"name": "house", "version": "1.5"},
                  {"name": "none", "version": "1"}, {"version": "1"},
                  {"name": "house", "version": "01"}, {"name": "house", "version": " 1"},
                  {"name": "house", "version": "99999999999999999999"}):
        s.get("model-versions/get", **query)
        s.get("model-versions/get-download-uri", **query)
    for body in ({}, {"name": "house"}, {"name": "house", "version": "1"}, {"name": "house", "version": "1", "stage": "Staging"},
                 {"name": "house", "version": "2", "stage": "staging"},
                 {"name": "house", "version": "3", "stage": "STAGING", "archive_existing_versions": True},
                 {"name": "house", "version": "1", "stage": "production", "archive_existing_versions": "true"},
                 {"name": "house", "version": "1", "stage": "Attic"}, {"name": "house", "version": "1", "stage": ""},
                 {"name": "house", "version": "1", "stage": "None", "archive_existing_versions": True},
                 {"name": "house", "version": "1", "stage": "Archived", "archive_existing_versions": True},
                 {"name": "house", "version": "1", "stage": "Archived", "archive_existing_versions": False},
                 {"name": "house", "version": "99", "stage": "Staging"}, {"name": "none", "version": "1", "stage": "Staging"},
                 {"name": "house", "version": "x", "stage": "Staging"},
                 {"name": "house", "version": 1, "stage": "Production"},
                 {"name": "house", "version": "1", "stage": "Production"}, {"name": "house", "version": "1", "stage": 5},
                 {"name": "house", "version": "1", "stage": "Production", "archive_existing_versions": "maybe"},
                 {"name": "house", "version": "1", "stage": "none"}):
        s.post("model-versions/transition-stage", body)
    s.get("registered-models/get", name="house")
    for body in ({}, {"name": "house", "version": "1"}, {"name": "house", "version": "1", "description": "said"},
                 {"name": "house", "version": "99", "description": "x"},
                 {"name": "house", "version": "1", "description": ""}, {"name": "house", "version": "x", "description": "x"},
                 {"name": "house", "description": "x"}):
        s.patch("model-versions/update", body)
    for body in ({}, {"name": "house", "version": "1"}, {"name": "house", "version": "1", "key": "k"},
                 {"name": "house", "version": "1", "key": "k", "value": "v"},
                 {"name": "house", "version": "1", "key": "k", "value": "w"},
                 {"name": "house", "version": "99", "key": "k", "value": "v"},
                 {"name": "house", "version": "1", "key": "", "value": "v"},
                 {"name": "house", "version": "1", "key": "x" * 251, "value": "v"},
                 {"name": "house", "version": "1", "key": "long", "value": "x" * 100001},
                 {"name": "house", "version": "x", "key": "k", "value": "v"}):
        s.post("model-versions/set-tag", body)
    for body in ({}, {"name": "house", "version": "1"}, {"name": "house", "version": "1", "key": "k"},
                 {"name": "house", "version": "1", "key": "k"}, {"name": "house", "version": "99", "key": "k"}):
        s.delete("model-versions/delete-tag", body)
    s.post("registered-models/alias", {"name": "house", "alias": "a", "version": "1"})
    s.get("model-versions/get", name="house", version="1")

    def search(**query):
        s.get("model-versions/search", **query)
        s.pick("model_versions", lambda version: f"{version['name']} {version['version']}")

    s.post("registered-models/create", {"name": "barn"})
    s.post("model-versions/create", {"name": "barn", "source": "s3://b/barn", "tags": [{"key": "k", "value": "v"}]})
    order = {"order_by": ["name ASC", "version_number ASC"]}
    for text in ("", " ", "name = 'barn'", "name != 'barn'", "name LIKE 'b%'", "name ILIKE 'B%'", "name IN ('barn')",
                 "name > 'a'", "name = barn", "version_number = 1", "version_number > 2",
                 "version_number <= 2 AND name = 'house'", "version_number = '1'", "version_number LIKE '1'", "version = '1'",
                 f"run_id = '{run}'", f"run_id IN ('{run}')", f"run_id IN ('{run}', 'x')", "run_id IN ()",
                 "run_id IN 'x'", "run_id != 'x'", "run_id LIKE '%'", "source_path = 's3://b/barn'", "source_path LIKE 's3%'",
                 "source_path IN ('x')", "source = 'x'", "tags.k = 'v'", "tag.k != 'v'", "tags.k IS NULL",
                 "tags.k > 'v'", "tags.`k` LIKE 'v'", "current_stage = 'None'", "stage = 'Production'", "creation_timestamp > 5",
                 "last_updated_timestamp > 5", "colour = 'x'", "name = 'a' OR name = 'b'", "name =", "user_id = 'x'",
                 "attribute.name = 'barn'", "status = 'READY'", "aliases = 'a'"):
        search(filter=text, **order)
    for by in ("name", "name DESC", "version_number", "version_number DESC", "creation_timestamp", "last_updated_timestamp ASC",
               "timestamp", "colour", "name SIDEWAYS", "run_id", ""):
        search(filter="name = 'barn'", order_by=by)
    search(filter="name = 'house'", order_by=["version_number", "version_number"])
    for limit in (1, 0, -1, 200000, 200001, "x"):
        search(filter="version_number = 1", max_results=limit, **order)
    search(page_token="x")
    s.get("model-versions/search", filter="name = 'barn'")

    for body in ({}, {"name": "house"}, {"name": "house", "version": "1"}, {"name": "house", "version": "1"},
                 {"name": "house", "version": "99"}, {"name": "none", "version": "1"},
                 {"name": "house", "version": "x"}):
        s.delete("model-versions/delete", body)
    s.get("model-versions/get", name="house", version="1")
    s.get("registered-models/alias", name="house", alias="a")
    s.post("model-versions/create", {"name": "house", "source": "s3://bucket/next"})
    s.post("model-versions/delete", {"name": "house", "version": "2"})
    s.post("model-versions/get-download-uri", {"name": "house", "version": "2"})
