"""connections, one at a time and in bulk, tests and defaults."""

ALL = "/api/v2/connections"
PICK = ("connections", "connection_id")


def ask(s):
    s.get(ALL)
    for body in (
        {"connection_id": "a", "conn_type": "http"},
        {"connection_id": "b.c-d", "conn_type": "postgres", "host": "h", "login": "l", "schema": "s", "port": 5432,
         "password": "pw", "description": "d", "extra": '{"k": 1, "api_key": "x"}'},
        {"connection_id": "e", "conn_type": "x", "extra": ""},
        {"connection_id": "f", "conn_type": "x", "extra": None, "port": None},
        {"connection_id": "g", "conn_type": "x", "extra": '{"nested": {"password": "p", "list": [{"token": 1}]}}'},
    ):
        s.post(ALL, body)
    for body in (
        {"connection_id": "a", "conn_type": "http"}, {"connection_id": "z"}, {"conn_type": "x"}, {},
        {"connection_id": "a b", "conn_type": "x"}, {"connection_id": "", "conn_type": "x"}, {"connection_id": 5,
        "conn_type": "x"},
        {"connection_id": "z", "conn_type": "x", "port": "y"}, {"connection_id": "z", "conn_type": "x", "extra": "[1]"},
        {"connection_id": "z", "conn_type": "x", "extra": "nope"}, {"connection_id": "z", "conn_type": "x", "foo": 1},
        {"connection_id": "z" * 201, "conn_type": "x"}, {"connection_id": "z", "conn_type": "x", "team_name": "t"},
        {"connection_id": "z", "conn_type": "x", "extra": {"a": 1}}, {"connection_id": "z", "conn_type": None}, b"{", [], b"",
    ):
        s.post(ALL, body)
    for query in ("?order_by=-connection_id", "?order_by=conn_id", "?order_by=conn_type", "?limit=2", "?limit=2&offset=1",
                  "?connection_id_pattern=B.", "?connection_id_prefix_pattern=b", "?order_by=host", "?order_by=port",
                  "?order_by=description", "?order_by=id", "?order_by=is_encrypted"):
        s.get(ALL + query, pick=PICK)
    for query in ("?order_by=nope", "?order_by=password", "?limit=x"):
        s.get(ALL + query)
    for name in ("a", "b.c-d", "e", "f", "g", "nope"):
        s.get(f"{ALL}/{name}")
    one = f"{ALL}/b.c-d"
    for query, body in (
        ("", {"host": "h2"}), ("?update_mask=host", {"host": "h3", "login": "not this"}),
        ("", {"password": "***"}), ("", {"password": None}), ("?update_mask=extra", {"extra": '{"k": 2, "api_key": "***"}'}),
        ("", {"extra": None}), ("?update_mask=nope", {"host": "x"}), ("?update_mask=connection_id", {}),
        ("?update_mask=port&update_mask=schema", {"port": 1, "schema": "s2"}),
    ):
        s.patch(one + query, {"connection_id": "b.c-d", "conn_type": "postgres", **body})
    for body in ({"connection_id": "other", "conn_type": "x"}, {"conn_type": "x"}, {}, {"connection_id": "b.c-d"},
                 {"connection_id": "b.c-d", "conn_type": "x", "port": "y"}, {"connection_id": "b.c-d", "conn_type": "x",
                 "foo": 1}):
        s.patch(one, body)
    s.patch(f"{ALL}/nope", {"connection_id": "nope", "conn_type": "x"})
    s.delete(f"{ALL}/e")
    s.delete(f"{ALL}/e")
    bulk(s)
    s.post(f"{ALL}/test", {"connection_id": "t", "conn_type": "http"})
    s.post(f"{ALL}/test", {})
    s.post(f"{ALL}/enqueue-test", {"connection_id": "t", "conn_type": "http"})
    s.get(f"{ALL}/enqueue-test")
    s.post(f"{ALL}/defaults")
    s.post(f"{ALL}/defaults")
    s.get(f"{ALL}?order_by=connection_id&limit=100")


def bulk(s):
    def entity(name, **fields):
        return {"connection_id": name, "conn_type": "x", **fields}

    for action in (
        {"action": "create", "entities": [entity("b1"), entity("b2", host="h")]},
        {"action": "create", "entities": [entity("b1", host="again"), entity("b3")]},
        {"action": "create", "entities": [entity("b1", host="again"), entity("b3")], "action_on_existence": "skip"},
        {"action": "create", "entities": [entity("b1", host="over"), entity("b4")], "action_on_existence": "overwrite"},
        {"action": "update", "entities": [entity("b1", host="new"), entity("nope")]},
        {"action": "update", "entities": [entity("b1", host="new"), entity("nope")], "action_on_non_existence": "skip"},
        {"action": "update", "entities": [entity("b1", host="not", login="l")], "update_mask": ["login"]},
        {"action": "delete", "entities": ["b2", "nope"]},
        {"action": "delete", "entities": ["b2", "nope"], "action_on_non_existence": "skip"},
        {"action": "create", "entities": [{"connection_id": "z"}]},
        {"action": "nope", "entities": []},
    ):
        s.patch(ALL, {"actions": [action]})
    s.get(f"{ALL}/b1")
