"""Artifacts where things go wrong: uploads that are cut, a disk that is full, an object store that fails for a moment or
for good. The small disk is a file system of this test's own; where none can be mounted that part is left out.

usage: run.py HANOK
"""

import contextlib
import http.client
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from report import Report  # noqa: E402
from standalone import Standalone, wait_until  # noqa: E402

ROOT = "/api/2.0/mlflow-artifacts/artifacts"
OLD = b"what was there before"


def ask(engine, method, path, body=None, headers=None):
    """(status, body)"""
    request = urllib.request.Request(engine.url + path, data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def send_half(engine, path, size):
    """The head of an upload and half of its body, on a connection that stays open."""
    address = urllib.parse.urlsplit(engine.url)
    client = socket.create_connection((address.hostname, address.port))
    client.sendall(f"PUT {ROOT}/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode())
    client.sendall(b"x" * (size // 2))
    return client


def files_of(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


@contextlib.contextmanager
def running(binary, home, *options):
    engine = Standalone(binary, home, [], "--all-admins", *options).start()
    try:
        yield engine
    finally:
        if engine.process.poll() is None:
            engine.stop()


def room(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


# ---- cut ----


def check_cut(report, binary):
    """By the client, and by the end of the engine."""
    home = tempfile.mkdtemp(prefix="hanok-cut-")
    folder = os.path.join(home, "artifacts")
    with running(binary, home) as engine:
        report.equal("an artifact", ask(engine, "PUT", f"{ROOT}/a/b", OLD)[0], 200)
        for path in ("a/b", "new/folder/c"):
            send_half(engine, path, 5_000_000).close()
        open_ones = [send_half(engine, path, 5_000_000) for path in ("a/b", "new/d")]
        time.sleep(0.5)
        report.equal("a cut upload leaves nothing", files_of(folder), ["a/b"])
        report.equal("not even a folder", os.listdir(folder), ["a"])
        report.equal("the old one stays", ask(engine, "GET", f"{ROOT}/a/b")[1], OLD)
        engine.kill()
        for client in open_ones:
            client.close()
    report.equal("nor does a killed engine", files_of(folder), ["a/b"])
    with running(binary, home) as engine:
        report.equal("the old one is still there", ask(engine, "GET", f"{ROOT}/a/b")[1], OLD)
        open_one = send_half(engine, "a/b", 5_000_000)
        report.equal("hanok ends well in the middle of an upload", engine.stop(), 0)
        open_one.close()
    shutil.rmtree(home)


# ---- full ----


def may_mount():
    for namespace in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        probe = [*namespace, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
        if subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return namespace
    return None


def check_full(report, binary):
    home = tempfile.mkdtemp(prefix="hanok-full-")
    disk = os.path.join(home, "disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        with running(binary, home, "--artifacts-destination", disk) as engine:
            report.equal("an artifact", ask(engine, "PUT", f"{ROOT}/a/b", OLD)[0], 200)
            free = room(disk)
            status, body = ask(engine, "PUT", f"{ROOT}/a/b", b"x" * 20_000_000)
            report.equal("what cannot fit is refused", status, 507)
            report.contains("with a sentence", body.decode(), "There is no room on the disk for 'a/b': it is 20000000 bytes")
            chunks = (b"x" * 1_000_000 for _ in range(20))  # whose length is not told before
            status, body = ask(engine, "PUT", f"{ROOT}/a/b", chunks, {"Transfer-Encoding": "chunked"})
            report.equal("what turns out not to fit is refused", status, 507)
            report.contains("with a sentence", body.decode(), "There is no room left on the disk for 'a/b'; free some")
            report.equal("the error is MLflow's", json.loads(body)["error_code"], "INTERNAL_ERROR")
            report.equal("the old one stays", ask(engine, "GET", f"{ROOT}/a/b")[1], OLD)
            wait_until(lambda: room(disk) == free, 10, "the room to come back")
            report.equal("nothing else is there", files_of(disk), ["a/b"])
            report.equal("what fits is kept", ask(engine, "PUT", f"{ROOT}/a/c", b"x" * 4_000_000)[0], 200)
            report.equal("and replaced", ask(engine, "PUT", f"{ROOT}/a/b", b"new")[0], 200)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
    shutil.rmtree(home)


# ---- an object store that fails ----


class Store(http.server.ThreadingHTTPServer):
    """Answers as told: `failures` times 503, and what each request was."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StoreHandler)
        self.failures = 0
        self.seen = []
        self.cuts_downloads = False
        self.part_status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class StoreHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    size = 9_000_000

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do(self):
        length = int(self.headers.get("Content-Length") or 0)
        while length > 0:
            length -= len(self.rfile.read(min(length, 1 << 20)))
        query = urllib.parse.urlsplit(self.path).query
        self.server.seen.append(f"{self.command} {query}".strip())
        if self.server.failures > 0:
            self.server.failures -= 1
            self.answer(503, b"<Error><Code>SlowDown</Code><Message>Please &amp; wait</Message></Error>")
        elif self.command == "POST" and query == "uploads=":
            self.answer(200, b"<R><UploadId>u1</UploadId></R>")
        elif self.command == "PUT":
            self.answer(self.server.part_status if query else 200, ETag='"e"')
        elif self.command == "DELETE":
            self.answer(204)
        elif self.command == "HEAD":
            self.answer(200, ETag='"e"', Content_Length=str(self.size))
        elif "Range" in self.headers:
            self.give_range()
        else:
            self.answer(200, b"<R/>")

    def give_range(self):
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        body = bytes(last - first + 1)
        if self.server.cuts_downloads and first > 0:
            self.answer(206, body[: len(body) // 2], Content_Length=str(len(body)))
            self.close_connection = True
        else:
            self.answer(206, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do


def check_store(report, binary):
    store = Store()
    os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", MLFLOW_S3_ENDPOINT_URL=store.url)
    home = tempfile.mkdtemp(prefix="hanok-store-")
    with running(binary, home, "--artifacts-destination", "s3://bucket/p") as engine:
        store.failures = 2
        report.equal("what fails twice is tried again", ask(engine, "PUT", f"{ROOT}/a", b"x")[0], 200)
        report.equal("three times in all", store.seen, ["PUT"] * 3)
        store.failures, store.seen[:] = 99, []
        status, body = ask(engine, "PUT", f"{ROOT}/a", b"x")
        report.equal("what fails for good is told", (status, store.seen), (503, ["PUT"] * 3))
        report.contains("in the store's words", body.decode(), "503 SlowDown Please & wait")
        report.equal("a list, too", ask(engine, "GET", f"{ROOT}?path=x")[0], 503)
        store.failures, store.seen[:] = 0, []
        report.equal("a download in blocks", len(ask(engine, "GET", f"{ROOT}/a")[1]), StoreHandler.size)
        report.equal("asks for three", store.seen, ["HEAD", "GET", "GET", "GET"])
        store.cuts_downloads = True
        try:
            found = len(ask(engine, "GET", f"{ROOT}/a")[1])
        except (http.client.IncompleteRead, ConnectionError):
            found = "cut"
        report.equal("one that breaks is cut, so that nobody takes it for whole", found, "cut")
        store.part_status, store.seen[:] = 403, []
        status, body = ask(engine, "PUT", f"{ROOT}/large", bytes(70_000_000))
        wanted = ["POST uploads=", "PUT partNumber=1&uploadId=u1", "DELETE uploadId=u1"]
        report.equal("an upload in parts that fails is given up there", (status, store.seen), (403, wanted))
        report.equal("the spool is empty", os.listdir(os.path.join(home, "uploads")), [])
        report.equal("hanok ends well", engine.stop(), 0)
    store.shutdown()
    shutil.rmtree(home)


def check_stopping(report, binary):
    """A store that takes the connection and says nothing does not hold up the end."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        os.environ["MLFLOW_S3_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        home = tempfile.mkdtemp(prefix="hanok-silent-")
        with running(binary, home, "--artifacts-destination", "s3://bucket") as engine:
            address = urllib.parse.urlsplit(engine.url)
            asker = socket.create_connection((address.hostname, address.port))
            asker.sendall(f"GET {ROOT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.5)
            report.equal("others are answered meanwhile", ask(engine, "GET", "/health")[0], 200)
            before = time.monotonic()
            report.equal("hanok ends well", engine.stop(), 0)
            report.check("soon", [] if time.monotonic() - before < 10 else ["it took more than ten seconds"])
            asker.close()
        shutil.rmtree(home)


def main():
    binary = os.path.abspath(sys.argv[1])
    report = Report()
    checks = [check_cut, check_store, check_stopping]
    if "--in-namespace" in sys.argv:
        checks.append(check_full)
    elif namespace := may_mount():
        return subprocess.run([*namespace, sys.executable, *sys.argv, "--in-namespace"]).returncode
    else:
        print("no file system can be mounted here: the full disk is left out")
    for check in checks:
        with report.guarded(check.__name__):
            check(report, binary)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
