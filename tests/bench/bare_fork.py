"""What a child of the warm Python host costs that does nothing: bare_fork.py COUNT, run by the interpreter that the host
would have. Prints the CPU of one fork, its exit and its waiting for, in milliseconds."""

import gc
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "dags", "python"))
from hanok_sdk import configure_logging_once, import_sdk, live_inside_sdk, rehearse, set_environment  # noqa: E402


def spent():
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def measure(count):
    gc.collect()
    gc.freeze()
    before = spent()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    print(f"{(spent() - before) / count * 1e3:.2f}", file=sys.__stdout__, flush=True)


def main():
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as home:
        os.environ["HANOK_HOME"] = home
        set_environment()
        import_sdk()
        configure_logging_once()
        rehearse()
    live_inside_sdk(lambda _: measure(count))


if __name__ == "__main__":
    main()
