"""What the tests share: the mark, names that nobody else uses, and refusals that are wanted."""

import contextlib
import dataclasses
import itertools
import os
import typing

TESTS = []
_numbers = itertools.count(1)


@dataclasses.dataclass
class Server:
    url: str
    is_hanok: bool
    engine: typing.Any = None  # the Standalone behind it, when it is hanok
    folder: str | None = None  # its DAG files


@dataclasses.dataclass
class Entry:
    function: typing.Callable
    only_hanok: bool


def test(function=None, *, only_hanok=False):
    def mark(marked):
        TESTS.append(Entry(marked, only_hanok))
        return marked

    return mark(function) if function else mark


def unique(word):
    """Each test has experiments and models of its own, so neither their order nor an earlier round matters."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


def equal(found, wanted, what="value"):
    assert found == wanted, f"{what}: wanted {wanted!r}, found {found!r}"


def close(found, wanted):
    assert abs(found - wanted) < 1e-9, f"wanted {wanted!r}, found {found!r}"


@contextlib.contextmanager
def refused(error_code, *pieces):
    """The client must raise an MlflowException with this code, and each piece in its message."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        equal(error.error_code, error_code, f"error code of: {error}")
        for piece in pieces:
            assert piece in str(error), f"{piece!r} is not in: {error}"
        return
    raise AssertionError(f"this should have been refused with {error_code}")
