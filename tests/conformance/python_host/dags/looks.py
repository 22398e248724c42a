"""Its task looks at what its process was born with."""

import atexit
import os
import signal

from airflow.sdk import DAG, task


def targets():
    """Of its descriptors, without the one that it needs for looking."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass
    return found


with DAG("looks", schedule=None):

    @task
    def look():
        atexit.register(print, "said at the end")
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGUSR2)]
        return {
            "sockets": sorted(int(fd) for fd, target in targets().items() if target.startswith("socket:")),
            "others": [target for target in targets().values() if target.startswith(("pipe:", "anon_inode:", "/memfd:"))],
            "handlers": [handler == signal.SIG_DFL for handler in handlers],
            "leads_its_group": os.getpgid(0) == os.getpid(),
        }

    look()
