"""What a child of the warm Python host costs that does nothing, and one that only writes to PAGES pages which it shares
with the host: bare_fork.py COUNT PAGES, run by the host's interpreter. Prints both, in milliseconds of CPU."""

import gc
import mmap
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "dags", "python"))
from hanok_sdk import configure_logging_once, import_sdk, live_inside_sdk, rehearse, set_environment  # noqa: E402


def spent():
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def cost(count, life):
    """Milliseconds of a fork, the child's life, its exit and its waiting for."""
    before = spent()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            life()
            os._exit(0)
        os.waitpid(pid, 0)
    return (spent() - before) / count * 1e3


def measure(count, pages):
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def write_to_pages():
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1

    write_to_pages()
    gc.collect()
    gc.freeze()
    print(f"{cost(count, lambda: None):.2f} {cost(count, write_to_pages):.2f}", file=sys.__stdout__, flush=True)


def main():
    count, pages = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as home:
        os.environ["HANOK_HOME"] = home
        set_environment()
        import_sdk()
        configure_logging_once()
        rehearse()
    live_inside_sdk(lambda _: measure(count, pages))


if __name__ == "__main__":
    main()
