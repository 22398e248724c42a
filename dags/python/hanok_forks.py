"""Locks that a fork need not make anew. A lock that another thread held at the fork would stay locked in the child for
ever, so logging, threading and others replace theirs in each child, and write to some 200 pages for it. A warm process
has one thread and forks where that thread holds none: its children keep the locks as they are. In every other fork, a
task's own among them, they are made anew as ever."""

import os
import sys

# Their hooks do nothing else.
LOCKS_ONLY = {"concurrent.futures.thread", "fsspec.spec", "logging", "threading"}


class Alone:
    """`with alone:` around a fork: the process has one thread, which holds no lock. The child leaves it like its
    parent."""

    is_so = False

    def __enter__(self):
        self.is_so = True

    def __exit__(self, *_):
        self.is_so = False


def spare_locks():
    """The Alone that counts for hooks registered from now on."""
    alone = Alone()
    register = os.register_at_fork

    def unless_alone(hook):
        def run():
            if not alone.is_so:
                hook()

        return run

    def register_at_fork(**hooks):
        if sys._getframe(1).f_globals.get("__name__") in LOCKS_ONLY:
            hooks = {when: unless_alone(hook) if callable(hook) else hook for when, hook in hooks.items()}
        register(**hooks)

    os.register_at_fork = register_at_fork
    return alone
