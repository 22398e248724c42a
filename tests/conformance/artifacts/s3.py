"""Artifacts in a bucket: hanok beside boto3 on the S3 server of moto, which checks keys and signatures as S3 does.

Both want an older dateutil than Airflow, so script/setup gives them an environment of their own, .venv-s3, in which this
goes on whoever starts it. What needs no store is in run.py.

usage: s3.py HANOK
"""

import contextlib
import datetime
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest.mock
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(os.path.realpath(os.path.join(HERE, "..", "..", "..")), ".venv-s3")
if os.path.realpath(sys.prefix) != os.path.realpath(ENVIRONMENT):
    python = os.path.join(ENVIRONMENT, "bin", "python")
    if not os.path.exists(python):
        raise SystemExit(f"{ENVIRONMENT} is not there, where moto and boto3 are; script/setup makes it.")
    os.execv(python, [python, *sys.argv])

sys.path.insert(0, os.path.join(HERE, "..", "common"))
from report import Report  # noqa: E402
from standalone import Standalone, wait_until  # noqa: E402

REGION = "eu-west-1"
BUCKET = "artifacts"
FREE = 4  # requests of set_up, after which the server checks keys and signatures
MAY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ROOT = "/api/2.0/mlflow-artifacts"


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def s3_server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with open(os.devnull, "wb") as null:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(FREE)}
        server = subprocess.Popen(command, stdout=null, stderr=null, env=environment)
    try:
        wait_until(lambda: listens(port), 120, "the S3 server")
        yield url
    finally:
        server.terminate()
        server.wait()


class Client:
    def __init__(self, engine):
        self.url = engine.url

    def ask(self, method, path, body=None, headers=None):
        """(status, body, headers)"""
        request = urllib.request.Request(self.url + ROOT + path, data=body, method=method, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def json(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, answer, _ = self.ask(method, path, data, {"Content-Type": "application/json"})
        return status, json.loads(answer or b"{}")


def set_up(url):
    """A bucket, and somebody whose keys hanok and boto3 use from now on."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION=REGION)
    import boto3  # reads the environment

    where = {"LocationConstraint": REGION}
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    iam = boto3.client("iam", endpoint_url=url)
    iam.create_user(UserName="hanok")
    iam.put_user_policy(UserName="hanok", PolicyName="all", PolicyDocument=json.dumps(MAY_ALL))
    key = iam.create_access_key(UserName="hanok")["AccessKey"]
    os.environ.update(AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])
    os.environ["MLFLOW_S3_ENDPOINT_URL"] = url
    return boto3.Session().resource("s3", endpoint_url=url).Bucket(BUCKET)


def body_of(size):
    return hashlib.shake_128(str(size).encode()).digest(size)


def check_small(report, client, bucket):
    body = body_of(1000)
    for name in ("0/run/artifacts/model/MLmodel", "0/run/artifacts/a b+c%2525.txt", "0/run/artifacts/한옥&<x>.png"):
        quoted = urllib.parse.quote(name)
        report.equal(f"PUT {name}", client.ask("PUT", f"/artifacts/{quoted}", body)[:2], (200, b""))
        plain = urllib.parse.unquote(urllib.parse.unquote(name))
        found = bucket.Object(f"some/prefix/{plain}").get()["Body"].read()
        report.equal("boto3 finds it", found, body)
        status, got, headers = client.ask("GET", f"/artifacts/{quoted}")
        report.equal("GET gives it back", (status, got, headers["Content-Length"]), (200, body, "1000"))
    status, listed = client.json("GET", "/artifacts?path=0/run/artifacts")
    names = [(f["path"], f["is_dir"], f.get("file_size")) for f in listed["files"]]
    wanted = [("a b+c%.txt", False, 1000), ("model", True, None), ("한옥&<x>.png", False, 1000)]
    report.equal("list", (status, names), (200, wanted))
    report.equal("list of nothing", client.json("GET", "/artifacts?path=none"), (200, {}))
    report.equal("list of a file", client.json("GET", "/artifacts?path=0/run/artifacts/model/MLmodel"), (200, {}))
    status, got, headers = client.ask("GET", "/artifacts/0/run/artifacts/model/MLmodel", headers={"Range": "bytes=5-9"})
    report.equal("a range", (status, got, headers["Content-Range"]), (206, body[5:10], "bytes 5-9/1000"))
    report.equal("a folder", client.json("GET", "/artifacts/0/run")[0], 400)
    report.equal("nothing", client.json("GET", "/artifacts/0/none")[1]["error_code"], "RESOURCE_DOES_NOT_EXIST")
    report.equal("an empty one", client.ask("PUT", "/artifacts/empty", b"")[0], 200)
    report.equal("is empty", client.ask("GET", "/artifacts/empty")[:2], (200, b""))
    report.equal("what leads out", client.json("PUT", "/artifacts/../x", {})[1]["message"], "Invalid path")


def check_large(report, client, bucket):
    """More than one block of a download."""
    body = body_of(11_000_001)
    report.equal("PUT 11 MB", client.ask("PUT", "/artifacts/large", body)[0], 200)
    report.equal("boto3 finds it", bucket.Object("some/prefix/large").get()["Body"].read() == body, True)
    report.equal("GET gives it back", client.ask("GET", "/artifacts/large")[1] == body, True)
    got = client.ask("GET", "/artifacts/large", headers={"Range": "bytes=4194300-8388700"})[1]
    report.equal("a range over blocks", got == body[4194300:8388701], True)
    body = body_of(70_000_000)  # more than hanok sends at once: two parts
    report.equal("PUT 70 MB", client.ask("PUT", "/artifacts/larger", body)[0], 200)
    found = bucket.Object("some/prefix/larger")
    report.equal("in parts", found.e_tag.strip('"').endswith("-2"), True)
    report.equal("boto3 finds it", found.get()["Body"].read() == body, True)


def check_delete(report, client, bucket):
    for name in ("m/a", "m/b/c", "m2", "m/d&<e>", "mm/a"):
        bucket.put_object(Key=f"some/prefix/{name}", Body=b"x")
    for i in range(1100):  # more than one page
        bucket.put_object(Key=f"some/prefix/m/many/{i:04}", Body=b"x")
    status, listed = client.json("GET", "/artifacts?path=m/many")
    report.equal("a list of several pages", (status, len(listed["files"])), (200, 1100))
    report.equal("delete a folder", client.json("DELETE", "/artifacts/m"), (200, {}))
    left = [item.key for item in bucket.objects.filter(Prefix="some/prefix/m")]
    report.equal("only what is in it goes", left, ["some/prefix/m2", "some/prefix/mm/a"])
    report.equal("delete a file", client.json("DELETE", "/artifacts/m2"), (200, {}))
    report.equal("delete nothing", client.json("DELETE", "/artifacts/m2"), (200, {}))


def let_all_in(how_many):
    """moto does not understand signatures in addresses while it checks those in headers."""
    url = os.environ["MLFLOW_S3_ENDPOINT_URL"] + "/moto-api/reset-auth"
    plain = {"Content-Type": "text/plain"}
    with urllib.request.urlopen(urllib.request.Request(url, str(how_many).encode(), plain, method="POST")):
        pass


def signed_by_boto(method, url):
    """The same address, signed by botocore at the same moment."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    parts = urllib.parse.urlsplit(url)
    pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    signed = dict(pairs)
    rest = urllib.parse.urlencode([pair for pair in pairs if not pair[0].startswith("X-Amz-")])
    moment = datetime.datetime.strptime(signed["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    credentials = botocore.credentials.Credentials(
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    )
    signer = botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION, expires=int(signed["X-Amz-Expires"]))
    request = botocore.awsrequest.AWSRequest(method, parts._replace(query=rest).geturl())
    with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: moment):
        signer.add_auth(request)
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))["X-Amz-Signature"]


def signature_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))["X-Amz-Signature"]


def check_parts(report, client, bucket):
    """As MLflow's client brings and fetches large files: from and to the store itself."""
    body = body_of(6_000_000)
    pieces = [body[:5_300_000], body[5_300_000:]]
    status, made = client.json("POST", "/mpu/create/0/run/artifacts", {"path": "/tmp/big.bin", "num_parts": 2})
    report.equal("begin", (status, len(made.get("credentials", []))), (200, 2))
    parts = []
    let_all_in(1000)
    url = made["credentials"][1]["url"]
    report.equal("signed as boto3 does", signature_of(url), signed_by_boto("PUT", url))
    for piece, credential in zip(pieces, made["credentials"]):
        request = urllib.request.Request(credential["url"], data=piece, method="PUT", headers={"Content-Type": ""})
        with urllib.request.urlopen(request) as response:
            parts.append({"part_number": credential["part_number"], "etag": response.headers["ETag"], "url": ""})
    for what, wrong in (("a part that is not there", [*parts, {**parts[0], "part_number": 3}]),
                        ("a wrong etag", [parts[0], {**parts[1], "etag": '"' + "0" * 32 + '"'}])):
        wanted = {"path": "/tmp/big.bin", "upload_id": made["upload_id"], "parts": wrong}
        status, answer = client.json("POST", "/mpu/complete/0/run/artifacts", wanted)
        report.equal(f"{what} is refused", (status >= 400, "error_code" in answer), (True, True))
        report.equal("nothing is to be seen", client.json("GET", "/presigned/0/run/artifacts/big.bin")[0], 404)
    wanted = {"path": "/tmp/big.bin", "upload_id": made["upload_id"], "parts": parts}
    report.equal("complete", client.json("POST", "/mpu/complete/0/run/artifacts", wanted), (200, {}))
    found = bucket.Object("some/prefix/0/run/artifacts/big.bin").get()["Body"].read()
    report.equal("boto3 finds it", found == body, True)
    status, answer = client.json("GET", "/presigned/0/run/artifacts/big.bin")
    report.equal("an address", (status, answer["file_size"], answer["headers"]), (200, 6_000_000, {}))
    with urllib.request.urlopen(answer["url"]) as response:
        report.equal("is good", response.read() == body, True)
    report.equal("signed as boto3 does", signature_of(answer["url"]), signed_by_boto("GET", answer["url"]))
    let_all_in(0)
    report.equal("of nothing", client.json("GET", "/presigned/none")[0], 404)
    made = client.json("POST", "/mpu/create/0", {"path": "x", "num_parts": 1})[1]
    gone = {"path": "x", "upload_id": made["upload_id"]}
    report.equal("abort", client.json("POST", "/mpu/abort/0", gone), (200, {}))
    report.equal("abort again", client.json("POST", "/mpu/abort/0", gone)[0], 404)


def check_cut(report, engine, bucket):
    """An upload that is cut leaves what was there, and nothing of itself."""
    bucket.put_object(Key="some/prefix/cut", Body=b"old")
    address = urllib.parse.urlsplit(engine.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        head = f"PUT {ROOT}/artifacts/cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        client.sendall(head.encode() + b"x" * 500_000)
    time.sleep(0.3)
    report.equal("cut", bucket.Object("cut_probe").key, "cut_probe")
    report.equal("the old one stays", bucket.Object("some/prefix/cut").get()["Body"].read(), b"old")
    report.equal("the spool is empty", os.listdir(os.path.join(engine.home, "uploads")), [])


def check_failures(report, binary):
    """Keys that are wrong, a bucket that is not there, a store that does not answer, no keys at all."""
    cases = [
        ("no such bucket", {}, "s3://nowhere/x", 404, "does not exist"),
        ("a wrong secret", {"AWS_SECRET_ACCESS_KEY": "mine"}, f"s3://{BUCKET}", 403, "SignatureDoesNotMatch"),
        ("no store", {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9"}, f"s3://{BUCKET}", 503, "does not answer"),
    ]
    for name, more, place, status, text in cases:
        home = tempfile.mkdtemp(prefix="hanok-s3-")
        before = {name: os.environ[name] for name in more}
        os.environ.update(more)
        engine = Standalone(binary, home, [], "--all-admins", "--artifacts-destination", place).start()
        found, body, _ = Client(engine).ask("PUT", "/artifacts/x", b"x")
        report.equal(name, found, status)
        report.contains(name, body.decode(), text)
        report.equal("hanok ends well", engine.stop(), 0)
        os.environ.update(before)
    for place, text in (("gs://x", "not 'gs://x'"), ("s3://", "s3://bucket")):
        check_does_not_start(report, binary, place, text)
    with without_keys(tempfile.mkdtemp(prefix="hanok-s3-")):
        check_does_not_start(report, binary, f"s3://{BUCKET}", "AWS_ACCESS_KEY_ID")


def check_does_not_start(report, binary, place, why):
    home = tempfile.mkdtemp(prefix="hanok-s3-")
    command = [binary, "standalone", "--home", home, "--listen", "127.0.0.1:0", "--artifacts-destination", place]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    report.equal(f"does not start with {place}", run.returncode, 1)
    report.contains("and says why", run.stderr, why)


def without_keys(home, **more):
    """The environment of somebody who lives in that folder and has no variables for S3 but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_"))}
    return unittest.mock.patch.dict(os.environ, {**kept, "HOME": home, **more}, clear=True)


def temporary_keys(url):
    """Of a role: they are good only together with their token."""
    import boto3

    let_all_in(1000)
    iam = boto3.client("iam", endpoint_url=url)
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(MAY_ALL))["Role"]
    iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(MAY_ALL))
    sts = boto3.client("sts", endpoint_url=url)
    keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    let_all_in(0)
    return keys


def write_profiles(folder, url):
    """Files as `aws configure` writes them."""
    keys, token = os.environ, temporary_keys(url)
    os.mkdir(os.path.join(folder, ".aws"))
    with open(os.path.join(folder, ".aws", "credentials"), "w", encoding="utf-8") as file:
        file.write(f"[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n\n"
                   f"[mine]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
                   f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n\n"
                   f"[short]\naws_access_key_id = {token['AccessKeyId']}\n"
                   f"aws_secret_access_key = {token['SecretAccessKey']}\naws_session_token = {token['SessionToken']}\n")
    with open(os.path.join(folder, ".aws", "config"), "w", encoding="utf-8") as file:
        for name in ("default", "profile mine", "profile short"):
            file.write(f"[{name}]\nregion = {REGION}\nendpoint_url = {url}\ns3 =\n    addressing_style = path\n\n")
        file.write("[profile borrowed]\nrole_arn = arn:aws:iam::123456789012:role/worker\nsource_profile = mine\n")


def check_profiles(report, binary):
    """Keys, region and address in the files of AWS's tools, where boto3 finds them, too."""
    import boto3

    folder = tempfile.mkdtemp(prefix="hanok-s3-")
    write_profiles(folder, os.environ["MLFLOW_S3_ENDPOINT_URL"])
    for name, wanted in (("mine", 200), ("short", 200), (None, 403)):
        with without_keys(folder, **({"AWS_PROFILE": name} if name else {})):
            home = tempfile.mkdtemp(prefix="hanok-s3-")
            engine = Standalone(binary, home, [], "--all-admins", "--artifacts-destination", f"s3://{BUCKET}/p").start()
            body = f"by {name}".encode()
            report.equal(f"PUT with the profile {name}", Client(engine).ask("PUT", "/artifacts/x", body)[0], wanted)
            if wanted == 200:
                found = boto3.Session().resource("s3").Object(BUCKET, "p/x").get()["Body"].read()
                report.equal("boto3 finds it with the same", found, body)
            report.equal("hanok ends well", engine.stop(), 0)
    for name, why in (("borrowed", "role_arn"), ("nobody", "AWS_PROFILE is 'nobody'")):
        with without_keys(folder, AWS_PROFILE=name):
            check_does_not_start(report, binary, f"s3://{BUCKET}", why)


def main():
    binary = os.path.abspath(sys.argv[1])
    report = Report()
    with s3_server() as s3:
        bucket = set_up(s3)
        home = tempfile.mkdtemp(prefix="hanok-s3-")
        options = ["--all-admins", "--artifacts-destination", f"s3://{BUCKET}/some/prefix/"]
        engine = Standalone(binary, home, [], *options).start()
        client = Client(engine)
        for check in (check_small, check_large, check_delete, check_parts):
            with report.guarded(check.__name__):
                check(report, client, bucket)
        with report.guarded("check_cut"):
            check_cut(report, engine, bucket)
        report.equal("hanok ends well", engine.stop(), 0)
        for check in (check_failures, check_profiles):
            with report.guarded(check.__name__):
                check(report, binary)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
