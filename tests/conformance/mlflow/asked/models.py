"""Registered models and their aliases: made, renamed, tagged, found; and what cannot be."""


def ask(s):
    for body in ({}, {"name": ""}, {"name": " "}, {"name": "a/b"}, {"name": "a:b"}, {"name": 5}, {"name": "x" * 257},
                 {"name": "t", "tags": "x"},
                 {"name": "t", "tags": [{"key": "k"}]}, {"name": "t", "tags": [{"key": "x" * 251, "value": "v"}]},
                 {"name": "t", "description": 5},
                 {"name": "t", "tags": [{"key": "k", "value": "x" * 100001}]}, {"name": ".."}, {"name": "a%2fb"},
                 {"name": "t", "deployment_job_id": "x"}):
        s.post("registered-models/create", body)
    s.delete("registered-models/delete", {"name": "x" * 257})
    s.post("registered-models/create", {"name": "house", "description": "tiles",
        "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]})
    s.post("registered-models/create", {"name": "house"})
    s.post("registered-models/create", {"name": "barn 한옥"})
    s.post("registered-models/create", {"name": "long", "description": "x" * 5001})
    for query in ({"name": "house"}, {"name": "barn 한옥"}, {}, {"name": ""}, {"name": "none"}, {"name": "HOUSE"}, {"name": "a/b"}):
        s.get("registered-models/get", **query)
    for body in ({}, {"name": "house"}, {"name": "house", "new_name": ""}, {"name": "house", "new_name": "a/b"},
                 {"name": "none", "new_name": "x"},
                 {"name": "house", "new_name": "long"}, {"name": "house", "new_name": "house"},
                 {"name": "house", "new_name": "hanok"}):
        s.post("registered-models/rename", body)
    for body in ({}, {"name": "none", "description": "x"}, {"name": "hanok"}, {"name": "hanok", "description": "better"},
                 {"name": "hanok", "description": ""},
                 {"name": "hanok", "description": 5}):
        s.patch("registered-models/update", body)
    for body in ({}, {"name": "hanok"}, {"name": "hanok", "key": "k"}, {"name": "hanok", "key": "k", "value": "v"},
                 {"name": "hanok", "key": "k", "value": "w"},
                 {"name": "hanok", "key": "n", "value": 5}, {"name": "none", "key": "k", "value": "v"},
                 {"name": "hanok", "key": "x" * 251, "value": "v"},
                 {"name": "hanok", "key": "", "value": "v"}, {"name": "hanok", "key": "long", "value": "x" * 100001},
                 {"name": "hanok", "key": "a//b", "value": "v"}):
        s.post("registered-models/set-tag", body)
    for body in ({}, {"name": "hanok"}, {"name": "hanok", "key": "a"}, {"name": "hanok", "key": "a"},
                 {"name": "none", "key": "a"}):
        s.delete("registered-models/delete-tag", body)
    s.get("registered-models/get", name="hanok")

    for at in range(3):
        s.post("model-versions/create", {"name": "hanok", "source": f"s3://bucket/{at}"})
    s.post("model-versions/transition-stage", {"name": "hanok", "version": "1", "stage": "Production"})
    for body in ({}, {"name": "hanok"}, {"name": "hanok", "alias": "champion"},
                 {"name": "hanok", "alias": "champion", "version": "1"},
                 {"name": "hanok", "alias": "champion", "version": "2"}, {"name": "hanok", "alias": "other", "version": 1},
                 {"name": "hanok", "alias": "Champion", "version": "3"},
                 {"name": "none", "alias": "champion", "version": "1"}, {"name": "hanok", "alias": "x", "version": "9"},
                 {"name": "hanok", "alias": "x", "version": "x"},
                 {"name": "hanok", "alias": "latest", "version": "1"}, {"name": "hanok", "alias": "v1", "version": "1"},
                 {"name": "hanok", "alias": "v1x", "version": "1"},
                 {"name": "hanok", "alias": "a b", "version": "1"}, {"name": "hanok", "alias": "", "version": "1"},
                 {"name": "hanok", "alias": "x" * 256, "version": "1"},
                 {"name": "hanok", "alias": "a-b_1", "version": "1"}, {"name": "hanok", "alias": "123", "version": "1"},
                 {"name": "hanok", "alias": "한옥", "version": "1"},
                 {"name": "hanok", "alias": "a.b", "version": "1"}):
        s.post("registered-models/alias", body)
    for query in ({}, {"name": "hanok"}, {"name": "hanok", "alias": "champion"}, {"name": "hanok", "alias": "none"},
                  {"name": "none", "alias": "champion"},
                  {"name": "hanok", "alias": "latest"}, {"name": "hanok", "alias": "CHAMPION"},
                  {"name": "hanok", "alias": "a b"}, {"name": "barn 한옥", "alias": "latest"}):
        s.get("registered-models/alias", **query)
    s.get("registered-models/get", name="hanok")
    for body in ({}, {"name": "hanok"}, {"name": "hanok", "alias": "other"}, {"name": "hanok", "alias": "other"},
                 {"name": "none", "alias": "champion"},
                 {"name": "hanok", "alias": "a b"}):
        s.delete("registered-models/alias", body)
    s.delete("registered-models/alias?name=hanok&alias=123")

    for body in ({}, {"name": "none"}, {"name": "hanok"}, {"name": "hanok", "stages": ["Production"]},
                 {"name": "hanok", "stages": ["production"]},
                 {"name": "hanok", "stages": ["Attic"]}, {"name": "hanok", "stages": []},
                 {"name": "hanok", "stages": ["Staging", "None"]}, {"name": "hanok", "stages": "Production"}):
        s.post("registered-models/get-latest-versions", body)
    s.get("registered-models/get-latest-versions", name="hanok", stages=["Production", "None"])
    s.get("registered-models/get-latest-versions", name="barn 한옥")

    def search(path, rows, name, **query):
        s.get(path, **query)
        s.pick(rows, name)

    s.post("registered-models/create", {"name": "prompt", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]})
    for text in (None, "", " ", "name = 'hanok'", "name != 'hanok'", "name LIKE '%a%'", "name ILIKE 'HAN%'", "name > 'a'",
                 "name IN ('hanok')", "name = hanok", "tags.b = '2'",
                 "tag.b != '2'", "tags.b LIKE '%'", "tags.b IS NULL", "tags.`b` = '2'", "name = 'hanok' AND tags.b = '2'",
                 "name = 'hanok' OR name = 'long'", "colour = 'x'",
                 "attribute.name = 'hanok'", "description = 'x'", "last_updated_timestamp > 5", "name =",
                 "tags.mlflow.prompt.is_prompt = 'true'",
                 "tags.`mlflow.prompt.is_prompt` = 'true'", "tags.`mlflow.prompt.is_prompt` != 'true'"):
        search("registered-models/search", "registered_models", lambda m: m["name"], **({} if text is None else {"filter": text}))
    for order in ("name", "name DESC", "timestamp", "timestamp DESC", "last_updated_timestamp ASC", "creation_timestamp",
                  "colour", "name SIDEWAYS", "tags.b", ""):
        search("registered-models/search", "registered_models", lambda m: m["name"], order_by=order)
    search("registered-models/search", "registered_models", lambda m: m["name"], order_by=["name", "name"])
    for limit in (1, 0, -1, 1000, 1001, "x"):
        search("registered-models/search", "registered_models", lambda m: m["name"], max_results=limit)
    search("registered-models/search", "registered_models", lambda m: m["name"], page_token="x")
    s.get("registered-models/search", filter="name = 'hanok'")

    for body in ({}, {"name": "none"}, {"name": "hanok"}, {"name": "hanok"}):
        s.delete("registered-models/delete", body)
    s.get("registered-models/get", name="hanok")
    s.get("model-versions/get", name="hanok", version="1")
    s.post("registered-models/create", {"name": "hanok"})
    s.post("model-versions/create", {"name": "hanok", "source": "s3://bucket/x"})
    s.post("registered-models/delete", {"name": "hanok"})
    s.get("registered-models/list")
