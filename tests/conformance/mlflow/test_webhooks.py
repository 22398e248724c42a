"""Webhooks: made, changed, deleted, and delivered with a signature that can be checked.

The server of these tests may deliver to loopback and over http, which it refuses otherwise.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import queue
import threading

from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookStatus


@contextlib.contextmanager
def receiver(*statuses):
    """(URL, queue of (headers, body)): answers with these, then with 200."""
    came, answers = queue.Queue(), list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            came.put((self.headers, body.decode()))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", came
    finally:
        server.shutdown()
        server.server_close()


def delivered(came, wanted, seconds=30):
    """The first delivery that is about this name; those of other tests are let pass."""
    while True:
        headers, body = came.get(timeout=seconds)
        if wanted in body:
            return headers, json.loads(body), body


@test
def from_birth_to_deletion(server):
    client, name = MlflowClient(), unique("hook")
    with receiver() as (url, _):
        hook = client.create_webhook(name=name, url=url, events=["registered_model.created", "model_version.created"],
                                     description="tells", secret="s3cret-s3cret")
        equal((hook.name, hook.url, hook.description, hook.status, hook.secret),
              (name, url, "tells", WebhookStatus.ACTIVE, None))
        equal(sorted(str(event) for event in hook.events), ["model_version.created", "registered_model.created"])
        found = client.get_webhook(hook.webhook_id)
        equal((found.name, found.url), (name, url))
        assert hook.webhook_id in [h.webhook_id for h in client.list_webhooks()]
        client.update_webhook(hook.webhook_id, status="DISABLED", description="told", events=["model_version_tag.set"])
        found = client.get_webhook(hook.webhook_id)
        equal((found.status, found.description, [str(event) for event in found.events]),
              (WebhookStatus.DISABLED, "told", ["model_version_tag.set"]))
        client.delete_webhook(hook.webhook_id)
        with refused("RESOURCE_DOES_NOT_EXIST", hook.webhook_id):
            client.get_webhook(hook.webhook_id)


@test
def what_cannot_be_a_webhook(server):
    client = MlflowClient()
    for url in ("", "ftp://example.com/x", "nothing", "http://"):
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_webhook(name=unique("bad"), url=url, events=["model_version.created"])
    with receiver() as (url, _):
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_webhook(name="", url=url, events=["model_version.created"])
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_webhook(name=unique("bad"), url=url, events=[])


@test
def a_delivery_and_its_signature(server):
    client, model, secret = MlflowClient(), unique("hooked"), "s3cret-s3cret"
    with receiver() as (url, came):
        hook = client.create_webhook(name=unique("hook"), url=url, secret=secret,
                                     events=["registered_model.created", "model_version.created", "model_version_tag.set",
                                             "model_version_alias.created"])
        client.create_registered_model(model, description="tiles")
        headers, body, text = delivered(came, model)
        equal((body["entity"], body["action"]), ("registered_model", "created"))
        equal(body["data"], {"name": model, "tags": {}, "description": "tiles"})
        signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{text}".encode()
        wanted = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        equal(headers["X-MLflow-Signature"], f"v1,{wanted}")
        client.create_model_version(model, "s3://bucket/x", tags={"a": "b"})
        _, body, _ = delivered(came, model)
        equal((body["entity"], body["action"], body["data"]["version"], body["data"]["source"], body["data"]["tags"]),
              ("model_version", "created", "1", "s3://bucket/x", {"a": "b"}))
        client.set_model_version_tag(model, "1", "key", "value")
        _, body, _ = delivered(came, model)
        equal(body["data"], {"name": model, "version": "1", "key": "key", "value": "value"})
        client.set_registered_model_alias(model, "champion", "1")
        _, body, _ = delivered(came, model)
        equal((body["entity"], body["action"], body["data"]),
              ("model_version_alias", "created", {"name": model, "alias": "champion", "version": "1"}))
        client.delete_webhook(hook.webhook_id)


@test
def a_delivery_is_tried_again(server):
    client, model = MlflowClient(), unique("again")
    with receiver(503, 429) as (url, came):
        hook = client.create_webhook(name=unique("hook"), url=url, events=["registered_model.created"])
        client.create_registered_model(model)
        ids = {delivered(came, model)[0]["X-MLflow-Delivery-Id"] for _ in range(3)}
        equal(len(ids), 1, "deliveries")
        client.delete_webhook(hook.webhook_id)


@test
def trying_a_webhook_out(server):
    client = MlflowClient()
    with receiver(200, 400) as (url, came):
        hook = client.create_webhook(name=unique("hook"), url=url, events=["model_version.created"])
        result = client.test_webhook(hook.webhook_id)
        equal((result.success, result.response_status), (True, 200))
        equal(json.loads(came.get(timeout=30)[1])["entity"], "model_version")
        result = client.test_webhook(hook.webhook_id, "registered_model.created")
        equal((result.success, result.response_status), (False, 400))
        equal(json.loads(came.get(timeout=30)[1])["entity"], "registered_model")
        client.delete_webhook(hook.webhook_id)
