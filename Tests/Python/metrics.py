"""Counters by themselves, as the admin endpoint at a Unix socket tells them."""

import contextlib

from admin import UnixConnection, samples


def limit_hits(path):
    """How often each limit was reached, by its name."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return {
            dict(labels)["limit"]: value
            for (name, labels), value in samples(connection).items()
            if name == "verdict_limit_hits_total"
        }


def total(path, name):
    """The sum of a metric over all its labels."""
    with contextlib.closing(UnixConnection(path)) as connection:
        return sum(value for (one, _), value in samples(connection).items() if one == name)
