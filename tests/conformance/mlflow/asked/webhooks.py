"""Webhooks: made, changed, deleted; what the server refuses to send to. Nothing is delivered here."""

EVENT = {"entity": "MODEL_VERSION", "action": "CREATED"}


def ask(s):
    for body in ({}, {"name": "h"}, {"name": "h", "url": "https://127.0.0.1/x"},
                 {"name": "h", "url": "https://127.0.0.1/x", "events": []},
                 {"name": "h", "url": "https://127.0.0.1/x", "events": [EVENT]},
                 {"name": "h", "url": "http://127.0.0.1/x", "events": [EVENT]},
                 {"name": "h", "url": "https://localhost/x", "events": [EVENT]},
                 {"name": "h", "url": "https://10.1.2.3/x", "events": [EVENT]},
                 {"name": "h", "url": "https://192.168.1.1/x", "events": [EVENT]},
                 {"name": "h", "url": "https://169.254.169.254/x", "events": [EVENT]},
                 {"name": "h", "url": "https://[::1]/x", "events": [EVENT]},
                 {"name": "h", "url": "https://0.0.0.0/x", "events": [EVENT]},
                 {"name": "h", "url": "ftp://8.8.8.8/x", "events": [EVENT]}, {"name": "h", "url": "https://", "events": [EVENT]},
                 {"name": "h", "url": "nothing", "events": [EVENT]},
                 {"name": "h", "url": "", "events": [EVENT]}, {"name": "", "url": "https://8.8.8.8/x", "events": [EVENT]},
                 {"name": "a b!", "url": "https://8.8.8.8/x", "events": [EVENT]},
                 {"name": "x" * 64, "url": "https://8.8.8.8/x", "events": [EVENT]},
                 {"name": "h", "url": "https://8.8.8.8/x", "events": [{"entity": "MODEL_VERSION"}]},
                 {"name": "h", "url": "https://8.8.8.8/x", "events": [{"entity": "NONSENSE", "action": "CREATED"}]},
                 {"name": "h", "url": "https://8.8.8.8/x", "events": [{"entity": "MODEL_VERSION", "action": "SET"}]},
                 {"name": "h", "url": "https://8.8.8.8/x", "events": "x"}):
        s.post("webhooks", body)
    hook = s.post("webhooks", {"name": "hook", "url": "https://8.8.8.8/x?y=1",
        "events": [EVENT, {"entity": "REGISTERED_MODEL", "action": "CREATED"}], "description": "tells", "secret": "s3cret",
                               "status": "DISABLED"})["webhook"]["webhook_id"]
    s.post("webhooks", {"name": "second", "url": "https://8.8.8.8/x", "events": [EVENT], "status": "DISABLED"})
    s.get(f"webhooks/{hook}")
    s.get("webhooks/none")
    for query in ({}, {"max_results": 1}, {"max_results": 0}, {"max_results": 1001}, {"max_results": "x"}, {"page_token": "x"}):
        s.get("webhooks", **query)
    for body in ({}, {"description": "told"}, {"url": "https://127.0.0.1/x"}, {"url": "https://8.8.4.4/y"}, {"events": []},
                 {"events": [{"entity": "MODEL_VERSION_TAG", "action": "DELETED"}]}, {"name": ""},
                 {"name": "renamed"}, {"status": "NONSENSE"}, {"secret": "other"}):
        s.patch(f"webhooks/{hook}", body)
    s.patch("webhooks/none", {"description": "x"})
    s.get(f"webhooks/{hook}")
    s.post("webhooks/none/test", {})
    for webhook_id in (hook, hook, "none"):
        s.delete(f"webhooks/{webhook_id}")
    s.get(f"webhooks/{hook}")
    # Last, since there may be more webhooks than before: what MLflow takes and hanok does not, and the reverse.
    s.post("webhooks", {"name": "h", "url": "https://8.8.8.8/x", "events": [EVENT], "status": "NONSENSE"})
    s.post("webhooks", {"name": "h", "url": "https://8.8.8.8/x", "events": [EVENT, EVENT], "status": "DISABLED"})
