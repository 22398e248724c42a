"""Artifacts by the client: written, listed, read, deleted, with names as people give them."""

import hashlib
import os
import pathlib
import tempfile

import mlflow
from checks import equal, refused, test, unique
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@test
def small_things(server):
    mlflow.set_experiment(unique("artifacts"))
    with mlflow.start_run() as run:
        mlflow.log_text("한옥\n", "notes/first.txt")
        mlflow.log_dict({"a": [1, 2]}, "conf.json")
        mlflow.log_dict({"a": [1, 2]}, "conf.yaml")
        mlflow.log_text("", "empty.txt")
        uri = run.info.artifact_uri
    equal(mlflow.artifacts.load_text(f"{uri}/notes/first.txt"), "한옥\n")
    equal(mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/conf.json"), {"a": [1, 2]})
    equal(mlflow.artifacts.load_text(f"{uri}/conf.yaml"), "a:\n- 1\n- 2\n")
    equal(mlflow.artifacts.load_text(f"{uri}/empty.txt"), "")
    client = MlflowClient()
    empty = 0 if server.is_hanok else None  # MLflow leaves the size out
    equal([(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run.info.run_id)],
          [("conf.json", False, os.path.getsize(client.download_artifacts(run.info.run_id, "conf.json"))),
           ("conf.yaml", False, 11), ("empty.txt", False, empty), ("notes", True, None)])
    equal([(f.path, f.file_size) for f in client.list_artifacts(run.info.run_id, "notes")], [("notes/first.txt", 7)])
    equal(client.list_artifacts(run.info.run_id, "none"), [])


@test
def figures_and_tables(server):
    import matplotlib.pyplot
    import numpy
    import pandas

    mlflow.set_experiment(unique("figures"))
    figure, axes = matplotlib.pyplot.subplots()
    axes.plot([0, 1], [1, 0])
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/line.png")
        mlflow.log_table(pandas.DataFrame({"a": [1, 2]}), "table.json")
        mlflow.log_table(pandas.DataFrame({"a": [3]}), "table.json")
        mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "black.png")
    equal(mlflow.load_table("table.json", run_ids=[run.info.run_id])["a"].tolist(), [1, 2, 3])
    with open(MlflowClient().download_artifacts(run.info.run_id, "plots/line.png"), "rb") as file:
        equal(file.read(8), b"\x89PNG\r\n\x1a\n")


@test
def a_folder_with_difficult_names(server):
    mlflow.set_experiment(unique("folder"))
    names = ["plain.txt", "with space.txt", "plus+.txt", "한옥.txt", "a/b/c/deep.bin", "semi;colon&and=.txt",
             "quote'\".txt", ".hidden", "a/.keep", "percent%.txt", "a" * 200]
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([number]) * (number * 100))
        with mlflow.start_run() as run:
            mlflow.log_artifacts(folder, "all")
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="all", dst_path=folder))
        found = {str(path.relative_to(there)): path.read_bytes() for path in there.rglob("*") if path.is_file()}
    equal(sorted(found), sorted(names))
    for number, name in enumerate(names):
        equal(found[name], bytes([number]) * (number * 100), name)


@test
def a_large_file(server):
    mlflow.set_experiment(unique("large"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large.bin")
        with open(path, "wb") as file:
            for number in range(48):
                file.write(hashlib.sha256(str(number).encode()).digest() * (1 << 15))
        wanted = digest(path)
        with mlflow.start_run() as run:
            mlflow.log_artifact(path)
            mlflow.log_artifact(path)  # again, over the first
        found = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="large.bin", dst_path=folder + "/x")
        equal(digest(found), wanted)


@test
def a_large_file_in_parts_where_the_store_can(server):
    """A local folder cannot, so the server says so and the client sends the file whole."""
    mlflow.set_experiment(unique("parts"))
    os.environ.update(MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD="true", MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE="6000000",
                      MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE="5300000")
    try:
        with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
            path = pathlib.Path(folder, "parts.bin")
            path.write_bytes(os.urandom(12_000_001))
            mlflow.log_artifact(str(path))
            equal(digest(MlflowClient().download_artifacts(run.info.run_id, "parts.bin", folder + "/..")), digest(path))
    finally:
        for name in ("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE",
                     "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"):
            del os.environ[name]


@test
def deleting(server):
    mlflow.set_experiment(unique("deleting"))
    with mlflow.start_run() as run:
        for name in ("a.txt", "folder/b.txt", "folder/c.txt"):
            mlflow.log_text(name, name)
    repository, client = get_artifact_repository(run.info.artifact_uri), MlflowClient()
    repository.delete_artifacts("folder/b.txt")
    equal([f.path for f in client.list_artifacts(run.info.run_id, "folder")], ["folder/c.txt"])
    repository.delete_artifacts("folder")
    equal([f.path for f in client.list_artifacts(run.info.run_id)], ["a.txt"])
    repository.delete_artifacts("a.txt")
    equal(client.list_artifacts(run.info.run_id), [])


@test
def what_is_not_there(server):
    run = MlflowClient().create_run("0")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        MlflowClient().list_artifacts("0" * 32)
    try:
        mlflow.artifacts.load_text(f"{run.info.artifact_uri}/none.txt")
    except Exception as error:
        assert "404" in str(error) or "none.txt" in str(error), error
    else:
        raise AssertionError("none.txt was read")


@test
def asynchronous_artifacts(server):
    mlflow.set_experiment(unique("async-artifacts"))
    with mlflow.start_run() as run:
        import numpy

        for step in range(5):
            mlflow.log_image(numpy.full((2, 2, 3), step, dtype=numpy.uint8), key="frames", step=step, synchronous=False)
        mlflow.flush_artifact_async_logging()
    equal(len([f for f in MlflowClient().list_artifacts(run.info.run_id, "images") if f.path.endswith(".png")]), 5)
