"""An organization to ask the API's routes about, and what each kind of caller may do there."""

import hashlib

import yaml

from sidecar import ROOT

OWNER, ADMIN, MIA, EVE = (f"{name}@acme.example" for name in ("olga", "adam", "mia", "eve"))
SECRETS = {
    "ci": "s3cr3t-ci",
    "reader": "s3cr3t-reader",
    "old": "s3cr3t-old",
    "scim": "s3cr3t-scim",
    "olga-laptop": "s3cr3t-olga",
    "mia-laptop": "s3cr3t-mia",
    "eve-laptop": "s3cr3t-eve",
}
# One of each, and a second of the types that scopes narrow.
RESOURCES = {
    "event_stream_source": ["S1", "S2"],
    "destination": ["D1", "D2"],
    "table": ["TB1"],
    "sql_model": ["M1"],
    "audience": ["A1"],
    "transformation": [{"id": "T1", "connected_to": ["D1"]}, "T2"],
    "tracking_plan": ["TP1"],
    "profile": ["P1"],
    "transformation_library": ["L1"],
    "data_catalog": [{"id": "E1", "tracking_plans": ["TP1"]}],
}


def bearer(token):
    return {"authorization": f"Bearer {SECRETS[token]}"}


def document():
    def sha(name):
        return hashlib.sha256(SECRETS[name].encode()).hexdigest()

    everything = {
        kind: {"edit": "all", "connect": "all", "create_delete": "all"}
        for kind in RESOURCES
        if kind not in ("transformation_library", "data_catalog")
    }
    everything |= {"transformation_library": {"edit": "all"}, "data_catalog": {"edit": "all"}}
    return {
        "apiVersion": "verdict/v1",
        "model": "rudderstack",
        "organization": {
            "id": "acme",
            "plan": "enterprise",
            "owner": OWNER,
            "admins": [ADMIN],
            "members": [MIA, EVE],
        },
        "workspaces": {
            "prod": {
                "members": [MIA],
                "resources": RESOURCES,
                "connections": [
                    {
                        "id": "C1",
                        "source": "event_stream_source/S1",
                        "destination": "destination/D1",
                    },
                    {"id": "RC1", "source": "sql_model/M1", "destination": "destination/D1"},
                ],
                "policies": {
                    "members": {
                        MIA: {
                            "resources": {
                                "destination": {"edit": ["D1"], "connect": "all"},
                                "event_stream_source": {"edit": "all", "connect": "all"},
                            }
                        }
                    }
                },
            },
            "other": {"resources": {"destination": ["D9"]}},
        },
        "tokens": {
            "service": [
                {
                    "id": "ci",
                    "workspace": "prod",
                    "secret_sha256": sha("ci"),
                    "policy": {
                        "resources": everything,
                        "pii": {
                            "destination_data_access": "all",
                            "sql_model_live_events": "all",
                        },
                    },
                },
                {"id": "reader", "workspace": "prod", "secret_sha256": sha("reader")},
                {
                    "id": "old",
                    "workspace": "prod",
                    "secret_sha256": sha("old"),
                    "expires_at": "2020-01-01T00:00:00Z",
                    "policy": {"resources": everything},
                },
                {"id": "scim", "kind": "organization", "secret_sha256": sha("scim")},
            ],
            "personal": [
                {
                    "id": "olga-laptop",
                    "user": OWNER,
                    "workspace": "prod",
                    "scope": "admin",
                    "secret_sha256": sha("olga-laptop"),
                },
                {
                    "id": "eve-laptop",
                    "user": EVE,
                    "workspace": "prod",
                    "scope": "read_write",
                    "secret_sha256": sha("eve-laptop"),
                },
                {
                    "id": "mia-laptop",
                    "user": MIA,
                    "workspace": "prod",
                    "scope": "read_write",
                    "secret_sha256": sha("mia-laptop"),
                },
            ],
        },
    }


def routes():
    """(method, template, route) of each row of the table that ships."""
    table = yaml.safe_load((ROOT / "models/rudderstack.routes.yaml").read_text())
    for route in table["routes"]:
        matches = route["match"] if isinstance(route["match"], list) else [route["match"]]
        for match in matches:
            method, template = match.split(" ")
            yield method, template, route
