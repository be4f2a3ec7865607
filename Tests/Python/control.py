"""A control directory with keys and documents, and a server that follows it, for the tests."""

import pathlib
import shutil

import world
from admin import Pages
from api import ALLOW, DENY, Client, pb
from layout import Layout
from sidecar import Sidecar, verdict, wait_until
from world import MIA

LOADED, STALE, ERROR = pb.POLICY_STATE_LOADED, pb.POLICY_STATE_STALE, pb.POLICY_STATE_ERROR
DEFAULTS = {"organization": "acme", "principal": MIA, "workspace": "prod"}


def document(edit, padding=0):
    """The worked example, in which Mia may edit D3 or may not."""
    example = world.worked_example()
    prod = example["workspaces"]["prod"]
    prod["policies"]["baseline"]["resources"]["destination"]["edit"] = (
        ["D1", "D2", "D3"] if edit else ["D1", "D2"]
    )
    prod["resources"]["destination"] += [f"pad-{i:06d}" for i in range(padding)]
    return example


def globex(name="globex"):
    other = world.random_organization(7)
    other["organization"]["id"] = name
    return other


def keygen(path, *organizations):
    flags = [word for one in organizations for word in ("--organization", one)]
    verdict("keygen", "-o", path, *flags)
    return path


class Site:
    """Documents, keys and a control directory below one directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.control = self.directory / "control"
        self.policies = self.directory / "policies"
        self.key = keygen(self.directory / "key")
        self.other_key = keygen(self.directory / "other")
        self.limited_key = keygen(self.directory / "limited", "globex")
        self.layout = Layout(self.control)

    def write(self, edit, other="globex", padding=0):
        shutil.rmtree(self.policies, ignore_errors=True)
        world.write(document(edit, padding), self.policies / "acme.json")
        world.write(globex(other), self.policies / "globex.json")

    def publish(self, edit, *flags, control=None, key=None, **fields):
        """Publish both organizations; signed with `key` unless that is False."""
        self.write(edit, **fields)
        key = self.key if key is None else key
        signing = ["--key", f"{key}.key"] if key else []
        return verdict(
            "publish", self.policies, "--control", control or self.control, *signing, *flags
        )

    def next(self, name, edit=True, *flags, **fields):
        """A copy of the directory in which one more set is published: what may arrive next."""
        path = self.directory / "next" / name
        shutil.rmtree(path, ignore_errors=True)
        copy = self.layout.copy(path)
        self.publish(edit, *flags, control=path, **fields)
        return copy

    @property
    def trust(self):
        return ["--trust", f"{self.key}.pub", "--trust", f"{self.limited_key}.pub"]

    @property
    def pages(self):
        """What the admin endpoint of a server says that was started by `serve`."""
        return Pages(self.directory / "run" / "admin.sock")

    def serve(self, *flags, trusted=True, state=True, control=None, **fields):
        words = ["--control", control or self.control, *(self.trust if trusted else []), *flags]
        words += ["--admin", f"unix:{self.directory}/run/admin.sock"]
        if state:
            words += ["--state", self.directory / "state"]
        return Sidecar(self.directory / "run", *words, **fields)


def effect(client):
    """May Mia edit D3?"""
    return client.plain([{"action": "edit", "resource": "destination/D3"}], **DEFAULTS)[0].effect


def status(client):
    return client.info().policies


def wait_for_number(client, number, seconds=15.0):
    wait_until(lambda: client.info().set_number == number, f"set {number}", seconds)


def wait_for_cause(site, client, cause, seconds=15.0):
    """Wait until the last failure is `cause` and stands; the admin endpoint says the same."""

    def failing():
        now = status(client)
        return now.state != LOADED and now.last_failure_cause == cause

    try:
        wait_until(failing, f"cause {cause}", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; the status is\n{status(client)}") from error

    def agrees():
        """A retry may come in between."""
        now, info, metrics = client.info(), site.pages.info(), site.pages.metrics()
        state = pb.PolicyState.Name(now.policies.state).removeprefix("POLICY_STATE_").lower()
        return (
            metrics[("verdict_set_failures_total", (("cause", cause),))] >= 1
            and metrics[("verdict_policies_state", (("state", state),))] == 1
            and metrics[("verdict_set_number", ())] == info["set_number"] == now.set_number
            and info["state"] == state
            and info["last_failure_cause"] == now.policies.last_failure_cause
            and info["last_failure_text"] == now.policies.last_failure
            and info["set_digest"] == now.policies.set_digest.hex()
        )

    wait_until(agrees, "metrics and /info say the same as GetServerInfo")


def wait_until_loaded(client, seconds=15.0):
    wait_until(lambda: status(client).state == LOADED, "state LOADED", seconds)
