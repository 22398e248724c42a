"""A DAG file that stays imported in a process of its own: imports it, notes what the import has read, and decides
whether tasks may be forked from here. Runs inside the warm process (see host.py)."""

import os
import sys
import threading

from hanok_known import keep_what_is_known
from hanok_sdk import open_descriptors

WARM_FILES_MAX = 2000


class NoSupervisor:
    """Stands in for the supervisor while nobody answers: whoever asks is refused, and that is remembered."""

    socket = None

    def __init__(self):
        self.asked = []

    def send(self, msg, *_):
        self.asked.append(type(msg).__name__)
        raise RuntimeError(f"{type(msg).__name__} was asked for while hanok was not listening")

    async def asend(self, msg, *_):
        self.send(msg)


def signature(path):
    """What changes when a file does; None when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size, found.st_ino]


class Reads:
    """Which files an import has read, by Python's audit events. A hook cannot be removed, hence `on`."""

    def __init__(self):
        self.on = False
        self.paths = set()

    def hook(self, event, args):
        if self.on and event in ("open", "os.listdir", "os.scandir") and args:
            path = args[0]
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if isinstance(path, str):
                self.paths.add(os.path.abspath(path))
            elif isinstance(path, os.PathLike):
                self.paths.add(os.path.abspath(os.fspath(path)))


class WarmFile:
    """Runs inside a warm process: the imported file, and whether it may be used."""

    def __init__(self, file):
        self.file = file
        self.bag = None
        self.files = {}
        self.why_not = None

    def import_file(self):
        import atexit
        from pathlib import Path

        from airflow.dag_processing import dagbag
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.sdk.execution_time import task_runner

        bundle = None
        for candidate in DagBundlesManager().get_all_dag_bundles():
            if self.file.startswith(os.path.join(str(candidate.path), "")):
                bundle = candidate
        if bundle is None:
            self.why_not = "it is in no bundle"
            return
        bundle.initialize()
        with open(self.file, "rb") as text:
            if b"parsing_context" in text.read():
                self.why_not = "it looks at the parsing context"
                return
        comms = task_runner.SUPERVISOR_COMMS = NoSupervisor()
        modules = set(sys.modules)
        descriptors = open_descriptors()
        exits = atexit._ncallbacks()
        reads = Reads()
        sys.addaudithook(reads.hook)
        reads.on = True
        real = dagbag.BundleDagBag
        try:
            bag = real(dag_folder=self.file, safe_mode=False, load_op_links=False, bundle_path=Path(bundle.path),
                       bundle_name=bundle.name)
        finally:
            reads.on = False
        del task_runner.SUPERVISOR_COMMS
        if comms.asked:
            self.why_not = f"its import asked for {comms.asked[0]}"
        elif bag.import_errors or not bag.dags:
            self.why_not = "its import failed or gave no DAG"
        elif self.has_threads():
            self.why_not = "its import left threads behind"
        elif atexit._ncallbacks() != exits:
            self.why_not = "its import left exit handlers behind"
        elif open_descriptors() - descriptors:
            self.why_not = "its import left open files or sockets behind"
        elif self.has_children():
            self.why_not = "its import left child processes behind"
        else:
            self.note_files(reads.paths, set(sys.modules) - modules, str(bundle.path))
        if self.why_not is None:
            self.bag = bag
            self.replace_bag(dagbag, real, bundle.name)
            keep_what_is_known(bag.dags.values())

    def replace_bag(self, dagbag, real, bundle_name):
        """The one place where the SDK is told about it: its task runner asks dagbag.BundleDagBag for the file's
        DAGs."""

        def bundle_dag_bag(*args, **options):
            if not args and options.get("dag_folder") == self.file and options.get("bundle_name") == bundle_name:
                return self.bag
            return real(*args, **options)

        dagbag.BundleDagBag = bundle_dag_bag

    @staticmethod
    def has_threads():
        return threading.active_count() > 1 or len(os.listdir("/proc/self/task")) > 1

    @staticmethod
    def has_children():
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def note_files(self, read, modules, bundle_path):
        installed = tuple(os.path.join(path, "") for path in (
            sys.prefix, sys.base_prefix, sys.exec_prefix, "/proc", "/dev", "/sys"))
        here = os.path.join(bundle_path, "")
        for name in modules:
            path = getattr(sys.modules.get(name), "__file__", None)
            if path:
                read.add(os.path.abspath(path))
        for path in read:
            if path.startswith(here) or not path.startswith(installed):
                if "__pycache__" not in path:
                    self.files[path] = signature(path)
        if len(self.files) > WARM_FILES_MAX:
            self.why_not = f"its import reads more than {WARM_FILES_MAX} files"
