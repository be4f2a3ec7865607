"""Every route of the table that ships, with callers who may and callers who may not."""

import re

import pytest

import api_world
import world
from api_world import ADMIN, EVE, MIA, OWNER, bearer
from ext_authz import Asker
from sidecar import Sidecar, publish

# An id of each type, as the policies have it.
IDS = {
    "event_stream_source": "S1", "destination": "D1", "table": "TB1", "sql_model": "M1",
    "audience": "A1", "transformation": "T1", "tracking_plan": "TP1", "profile": "P1",
    "transformation_library": "L1", "data_catalog": "E1", "connection": "C1",
}  # fmt: skip
IN_PROD = {"verdict.workspace": "prod"}


def user(name):
    return {"claims": {"sub": name}, "context": IN_PROD}


def token(name):
    return {"headers": bearer(name)}


# Who may and who may not, by what a route asks for; three kinds of callers each. A service token is
# never an administrator, and an organization's is of no workspace.
NOBODYS = {"eve's token": token("eve-laptop"), "eve": user(EVE)}
WORK = {
    "allowed": {"ci": token("ci"), "owner's token": token("olga-laptop"), "owner": user(OWNER)},
    "denied": {"reader": token("reader"), "scim": token("scim"), **NOBODYS},
}
CALLERS = {
    "view": {
        "allowed": {
            "reader": token("reader"),
            "mia's token": token("mia-laptop"),
            "mia": user(MIA),
        },
        "denied": {"scim": token("scim"), **NOBODYS},
    },
    "workspace.administer": {
        "allowed": {
            "owner": user(OWNER), "admin": user(ADMIN), "owner's token": token("olga-laptop"),
        },
        "denied": {"ci": token("ci"), "mia": user(MIA), **NOBODYS},
    },
    "organization": {
        "allowed": {
            "scim": token("scim"), "owner": user(OWNER), "owner's token": token("olga-laptop"),
        },
        "denied": {"ci": token("ci"), "mia": user(MIA), **NOBODYS},
    },
    "service_token": {
        "allowed": {"ci": token("ci"), "reader": token("reader")},
        "denied": {
            "scim": token("scim"), "owner": user(OWNER), "owner's token": token("olga-laptop"),
            "mia": user(MIA),
        },
    },
}  # fmt: skip
ORGANIZATION = {"audit_logs.read", "organization_usage.read", "scim.manage"}


def put(body, path, value):
    """Set `a.b[].c` in a body."""
    names = path.split(".")
    for index, name in enumerate(names):
        key, is_list = name.removesuffix("[]"), name.endswith("[]")
        last = index == len(names) - 1
        if is_list and last:
            body[key] = [value]
        elif is_list:
            body = body.setdefault(key, [{}])[0]
        elif last:
            body[key] = value
        else:
            body = body.setdefault(key, {})


def example(template, route, tables):
    """A path and body that the route takes, of resources that exist."""
    parameters, body = {}, {}
    checks = route.get("checks") or [route["check"]]
    for check in checks:
        for kinds, source in re.findall(r"(?:^| )([a-z_|]+)/\{([^}]+)\}", check):
            kind = kinds.split("|")[0]
            value = "RC1" if "retl" in template and kind == "connection" else IDS[kind]
            if source.startswith("body."):
                put(body, source.removeprefix("body."), value)
            else:
                parameters[source] = value
        for source, table in re.findall(r"\{body\.(\w+):(\w+)\}", check):
            body[source] = next(iter(tables[table]))
    for source in route.get("when", {}):
        path = source.removeprefix("body.")
        if path.split(".")[0].removesuffix("[]") not in body:
            put(body, path, "E1")
    path = re.sub(r"\{(\w+)\}", lambda name: parameters.get(name.group(1), "X1"), template)
    return path, body


def rows():
    import yaml

    from sidecar import ROOT

    tables = yaml.safe_load((ROOT / "models/rudderstack.routes.yaml").read_text())["tables"]
    for method, template, route in api_world.routes():
        path, body = example(template, route, tables)
        checks = route.get("checks") or [route["check"]]
        action = checks[0].split(" ")[0]
        kind = "organization" if action in ORGANIZATION else action
        kind = route.get("callers", [kind])[0]
        callers = CALLERS.get(kind, WORK)
        condition = " ".join(route.get("when", ()))
        yield pytest.param(method, path, body, callers, id=f"{method} {template} {condition}")


ROWS = list(rows())


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    directory = tmp_path_factory.mktemp("routes")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    with Sidecar(directory, "--control", directory / "control", loops=1) as sidecar:
        with Asker(sidecar.tcp) as asker:
            yield asker


@pytest.mark.parametrize("method, path, body, callers", ROWS)
def test_the_route(ask, method, path, body, callers):
    for effect, asking in callers.items():
        for name, identity in asking.items():
            answer = ask(method, path, body=body, **identity)
            assert answer.allowed == (effect == "allowed"), (name, answer.metadata)
            assert answer.reason not in ("no_route", "bad_request", "unknown_resource", "internal")


def test_every_route_of_the_page_is_there():
    assert len(ROWS) > 160
    shapes = {(row.values[0], re.sub(r"\{\w+\}", "{}", row.id.split(" ")[1])) for row in ROWS}
    # A few of each part of the API, those that are easily forgotten.
    for method, path in [
        ("PUT", "/v2/event-stream-sources/{}/external-id"),
        ("DELETE", "/v2/destinations/{}/transformation"),
        ("POST", "/v2/retl-connections/{}/stop"),
        ("GET", "/v2/retl-sources/preview/{}"),
        ("POST", "/v2/sources/{}/start"),
        ("POST", "/transformations/{}/connectToDestination"),
        ("POST", "/v2/data-graphs/relationships/validate"),
        ("PATCH", "/v2/data-graphs/{}/models/{}/column-metadata"),
        ("DELETE", "/v2/catalog/tracking-plans/{}/events/{}"),
        ("PUT", "/v2/catalog/tracking-plans/{}/sources/{}"),
        ("PUT", "/v2/catalog/custom-types/{}/external-id"),
        ("DELETE", "/v2/regulations/{}"),
        ("POST", "/v0/testSource/{}"),
        ("POST", "/v1/activation"),
    ]:
        assert (method, path) in shapes
