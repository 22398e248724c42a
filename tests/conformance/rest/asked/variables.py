"""variables, one at a time and in bulk."""

ALL = "/api/v2/variables"
PICK = ("variables", "key")


def ask(s):
    s.get(ALL)
    for body in ({"key": "a", "value": "1"}, {"key": "b/c", "value": "x", "description": "d"}, {"key": "j",
    "value": {"q": [1]}},
                 {"key": "n", "value": None}, {"key": "i", "value": 5}, {"key": "a_password", "value": "hidden"},
                 {"key": "j2", "value": '{"token": "t", "ok": 1}'}, {"key": "e", "value": ""}, {"key": "t", "value": True}):
        s.post(ALL, body)
    for body in ({"key": "a", "value": "2"}, {"key": "z"}, {"value": "1"}, {}, {"key": "", "value": "x"}, {"key": 5,
    "value": "x"},
                 {"key": "z", "value": "x", "foo": 1}, {"key": "z", "value": "x", "team_name": "t"}, {"key": "k" * 251,
                 "value": "x"},
                 {"key": "z", "value": "x", "description": 5}, b"{", [], b""):
        s.post(ALL, body)
    for query in ("", "?order_by=-key", "?order_by=key&limit=2", "?limit=2&offset=1&order_by=id", "?variable_key_pattern=A",
                  "?variable_key_pattern=j%25", "?variable_key_prefix_pattern=j", "?order_by=-value", "?order_by=description",
                  "?order_by=is_encrypted", "?order_by=_val&limit=0"):
        s.get(ALL + query, pick=PICK)
    for query in ("?order_by=nope", "?limit=-1", "?offset=x"):
        s.get(ALL + query)
    for key in ("a", "b/c", "j", "n", "i", "a_password", "j2", "e", "t", "nope"):
        s.get(f"{ALL}/{key}")
    s.patch(f"{ALL}/a", {"key": "a", "value": "2", "description": "d"})
    s.patch(f"{ALL}/a", {"key": "a", "value": "3"})
    s.patch(f"{ALL}/b/c", {"key": "b/c", "value": "y"})
    s.patch(f"{ALL}/a?update_mask=description", {"key": "a", "value": "4", "description": "only this"})
    s.patch(f"{ALL}/a?update_mask=value", {"key": "a", "value": "5", "description": "not this"})
    s.patch(f"{ALL}/a?update_mask=nope", {"key": "a", "value": "6"})
    s.patch(f"{ALL}/a?update_mask=description", {"key": "a", "description": "without a value"})
    for body in ({"key": "other", "value": "x"}, {"value": "x"}, {"key": "a"}, {}, {"key": "a", "value": "x", "foo": 1}, b"{"):
        s.patch(f"{ALL}/a", body)
    s.patch(f"{ALL}/nope", {"key": "nope", "value": "x"})
    s.delete(f"{ALL}/i")
    s.delete(f"{ALL}/i")
    s.delete(f"{ALL}/b/c")
    bulk(s)


def bulk(s):
    def entity(key, value="x"):
        return {"key": key, "value": value}

    for action in (
        {"action": "create", "entities": [entity("b1"), entity("b2")]},
        {"action": "create", "entities": [entity("b1", "again"), entity("b3")]},
        {"action": "create", "entities": [entity("b1", "again"), entity("b3")], "action_on_existence": "skip"},
        {"action": "create", "entities": [entity("b1", "over"), entity("b4")], "action_on_existence": "overwrite"},
        {"action": "update", "entities": [entity("b1", "new"), entity("nope")]},
        {"action": "update", "entities": [entity("b1", "new"), entity("nope")], "action_on_non_existence": "skip"},
        {"action": "update", "entities": [{**entity("b1", "masked"), "description": "d"}], "update_mask": ["description"]},
        {"action": "delete", "entities": ["b2", "nope"]},
        {"action": "delete", "entities": ["b2", "nope"], "action_on_non_existence": "skip"},
        {"action": "create", "entities": [{"key": "z"}]},
        {"action": "nope", "entities": []},
        {"action": "create", "entities": [], "action_on_existence": "nope"},
        {"action": "delete"},
        {"entities": []},
    ):
        s.patch(ALL, {"actions": [action]})
    for body in ({}, {"actions": {}}, {"actions": [], "foo": 1}, {"actions": [1]}, b"", [],
                 {"actions": [{"action": "create", "entities": [entity("m1")]}, {"action": "delete", "entities": ["m1",
                 "b1"]}]}):
        s.patch(ALL, body)
    s.get(f"{ALL}?order_by=key", pick=("variables", "value"))
