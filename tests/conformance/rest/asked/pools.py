"""pools, one at a time and in bulk."""

ALL = "/api/v2/pools"
PICK = ("pools", "name")


def ask(s):
    s.get(ALL)
    for body in ({"name": "a", "slots": 3}, {"name": "b/c", "slots": -1, "description": "d", "include_deferred": True},
                 {"name": "z z", "slots": 0}):
        s.post(ALL, body)
    for body in ({"name": "a", "slots": 1}, {"name": "x"}, {"slots": 1}, {}, {"name": "x", "slots": -2}, {"name": "x",
    "slots": "y"},
                 {"name": "x", "slots": 1.5}, {"name": "x" * 257, "slots": 1}, {"name": "x", "slots": 1, "foo": 1},
                 {"name": "x", "slots": None}, {"name": 5, "slots": 1}, {"name": "x", "slots": 1, "team_name": "t"},
                 {"name": "x", "slots": 1, "include_deferred": "y"}, {"name": "", "slots": 1}, b"{", [], b""):
        s.post(ALL, body)
    for query in ("?order_by=-name", "?order_by=id", "?order_by=pool", "?order_by=slots", "?limit=1", "?limit=1&offset=1",
                  "?pool_name_pattern=A", "?pool_name_prefix_pattern=b", "?order_by=-slots&order_by=name"):
        s.get(ALL + query, pick=PICK)
    for query in ("?order_by=nope", "?limit=x"):
        s.get(ALL + query)
    for name in ("default_pool", "a", "b/c", "z%20z", "nope"):
        s.get(f"{ALL}/{name}")
    whole = {"pool": "a", "slots": 4, "include_deferred": False}
    for query, body in (
        ("", whole), ("", {**whole, "description": "d"}), ("", {"slots": 5}), ("?update_mask=slots", {"slots": 5}),
        ("?update_mask=slots", {**whole, "slots": 6, "description": "not this"}), ("", {**whole, "pool": "other"}),
        ("", {**whole, "slots": -2}), ("", {**whole, "foo": 1}), ("", {}), ("?update_mask=nope", whole), ("", {**whole,
        "slots": None}),
        ("?update_mask=include_deferred", {**whole, "include_deferred": True}), ("", {**whole, "description": None}),
    ):
        s.patch(f"{ALL}/a{query}", body)
    for query, body in (("", {"slots": 1}), ("?update_mask=slots", {"slots": 64}), ("?update_mask=description",
    {"description": "x"}),
                        ("?update_mask=slots&update_mask=include_deferred", {"slots": 128, "include_deferred": False})):
        s.patch(f"{ALL}/default_pool{query}", body)
    s.patch(f"{ALL}/nope", {**whole, "pool": "nope"})
    s.delete(f"{ALL}/z%20z")
    s.delete(f"{ALL}/z%20z")
    s.delete(f"{ALL}/default_pool")
    bulk(s)


def bulk(s):
    def entity(name, slots=1, **fields):
        return {"name": name, "slots": slots, "include_deferred": False, **fields}

    for action in (
        {"action": "create", "entities": [entity("b1"), entity("b2", description="d")]},
        {"action": "create", "entities": [entity("b1", 2), entity("b3")]},
        {"action": "create", "entities": [entity("b1", 2), entity("b3")], "action_on_existence": "skip"},
        {"action": "create", "entities": [entity("b1", 3), entity("b4")], "action_on_existence": "overwrite"},
        {"action": "update", "entities": [entity("b1", 4), entity("nope")]},
        {"action": "update", "entities": [entity("b1", 5), entity("nope")], "action_on_non_existence": "skip"},
        {"action": "update", "entities": [entity("b1", 6, description="only")], "update_mask": ["description"]},
        {"action": "update", "entities": [entity("default_pool", 100)]},
        {"action": "update", "entities": [{"name": "b1"}]},
        {"action": "delete", "entities": ["b2", "nope"]},
        {"action": "delete", "entities": ["b2", "nope"], "action_on_non_existence": "skip"},
        {"action": "create", "entities": [{"name": "z"}]},
        {"action": "nope", "entities": []},
    ):
        s.patch(ALL, {"actions": [action]})
    s.get(f"{ALL}?order_by=name")
