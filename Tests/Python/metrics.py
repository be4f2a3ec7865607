"""Counters by themselves, as the admin endpoint at a Unix socket tells them."""

import contextlib

from admin import UnixConnection, samples
from sidecar import wait_until


def limit_hits(path):
    """How often each limit was reached, by its name."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return limits_of(connection)


def limits_of(connection):
    """The same, asked over a connection that is there already."""
    return {
        dict(labels)["limit"]: value
        for (name, labels), value in samples(connection).items()
        if name == "verdict_limit_hits_total"
    }


def total(path, name):
    """The sum of a metric over all its labels."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return sum(value for (one, _), value in samples(connection).items() if one == name)


def hits_since(path, before):
    """How often each limit was reached since `before`, of those that were."""
    return {
        limit: count - before[limit]
        for limit, count in limit_hits(path).items()
        if count != before[limit]
    }


@contextlib.contextmanager
def hits(path, **expected):
    """Inside, exactly these limits are reached, so often."""
    before = limit_hits(path)
    yield
    with contextlib.suppress(AssertionError):
        wait_until(lambda: hits_since(path, before) == expected, "the limits' hits")
    assert hits_since(path, before) == expected
