"""Counted checks, as all tests of the running engine print them: standard library only."""

import contextlib
import traceback


class Report:
    """Counts checks; a check is a name and the problems found."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, problems=()):
        lines = [f"    {problem}" for problem in problems]
        print(f"{'FAILED' if problems else 'ok'}: {name}", *lines, sep="\n", flush=True)
        self.failed += bool(problems)
        self.passed += not problems

    def equal(self, name, found, wanted):
        self.check(name, [] if found == wanted else [f"wanted {wanted!r}, found {found!r}"])

    def contains(self, name, text, piece):
        self.check(name, [] if piece in text else [f"'{piece}' is not in: {text}"])

    @contextlib.contextmanager
    def guarded(self, name):
        """What goes wrong inside is one failed check, and the test goes on."""
        try:
            yield
        except Exception:
            self.check(name, [traceback.format_exc()])

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
