"""Policy documents for the tests: the worked example, and random organizations."""

import hashlib
import json
import pathlib
import random

MIA, MAX, OLGA, ADAM, NINA = (
    f"{name}@acme.example" for name in ("mia", "max", "olga", "adam", "nina")
)

# The 11 PII permissions and the types that each is about.
PII = {
    "destination_live_events": ["destination"],
    "destination_failure_samples": ["destination"],
    "destination_data_access": ["destination"],
    "event_stream_source_live_events": ["event_stream_source"],
    "table_live_events": ["table"],
    "audience_live_events": ["audience"],
    "sql_model_live_events": ["sql_model"],
    "reverse_etl_sync_failure_samples": ["table", "sql_model", "audience"],
    "transformation_live_events": ["transformation"],
    "transformation_failure_samples": ["transformation"],
    "tracking_plan_violations": ["tracking_plan"],
}
CONNECTABLE = [
    "event_stream_source",
    "destination",
    "table",
    "sql_model",
    "audience",
    "transformation",
    "tracking_plan",
    "profile",
]
TYPES = CONNECTABLE + ["transformation_library", "data_catalog"]


def secret(name):
    """The digest of a token's secret, another for each token."""
    return hashlib.sha256(name.encode()).hexdigest()


def worked_example():
    """The worked example, with an owner, an admin, tokens and a second workspace around it."""
    return {
        "apiVersion": "verdict/v1",
        "model": "rudderstack",
        "organization": {
            "id": "acme",
            "plan": "enterprise",
            "owner": OLGA,
            "admins": [ADAM],
            "members": [MIA, MAX, NINA],
        },
        "groups": {"data-engineers": {"members": [MAX], "workspaces": ["prod"]}},
        "workspaces": {
            "prod": {
                "members": [MIA],
                "resources": {
                    "event_stream_source": ["S1", "S2", "S3"],
                    "destination": ["D1", "D2", "D3"],
                    "transformation": [{"id": "T1", "connected_to": ["D1"]}, "T2"],
                },
                "policies": {
                    "baseline": {
                        "resources": {
                            "event_stream_source": {"edit": ["S1", "S2"], "connect": "all"},
                            "destination": {"edit": ["D1", "D2"], "connect": "all"},
                        },
                        "pii": {"event_stream_source_live_events": ["S1"]},
                    },
                    "groups": {
                        "data-engineers": {
                            "resources": {
                                "transformation": {"edit": "all", "create_delete": "all"}
                            },
                            "switches": ["bot_management"],
                        }
                    },
                },
            },
            "staging": {"members": [NINA], "resources": {"destination": ["D9"]}},
        },
        "tokens": {
            "service": [
                {
                    "id": "ci",
                    "workspace": "prod",
                    "secret_sha256": secret("acme ci"),
                    "policy": {"resources": {"destination": {"edit": "all"}}},
                }
            ],
            "personal": [
                {
                    "id": "mia-laptop",
                    "user": MIA,
                    "workspace": "prod",
                    "scope": "read_only",
                    "secret_sha256": secret("acme mia-laptop"),
                }
            ],
        },
    }


def _scope(rng, ids, narrow=True):
    kind = rng.randrange(4) if narrow else 0
    if kind == 0:
        return "all"
    chosen = rng.sample(ids, rng.randint(0, len(ids)))
    if kind == 1:
        return chosen
    return {"ids": chosen, "include_future": rng.random() < 0.5}


def _policy(rng, resources):
    granted, pii = {}, {}
    for kind in rng.sample(TYPES, rng.randint(0, 5)):
        rights = {"edit": _scope(rng, resources[kind])}
        if kind in CONNECTABLE:
            for right in ("connect", "create_delete"):
                if rng.random() < 0.5:
                    rights[right] = "all"
        granted[kind] = rights
    for name in rng.sample(sorted(PII), rng.randint(0, 8)):
        kinds = PII[name]
        ids = (
            resources[kinds[0]]
            if len(kinds) == 1
            else [f"{kind}/{id}" for kind in kinds for id in resources[kind]]
        )
        pii[name] = _scope(rng, ids)
    policy = {}
    if granted:
        policy["resources"] = granted
    if pii:
        policy["pii"] = pii
    return policy


def random_organization(seed, members=6, ids_per_type=6):
    """An enterprise organization with two workspaces, groups, tokens and policies everywhere."""
    rng = random.Random(seed)
    users = [f"user-{i}@example.com" for i in range(members)]
    groups = [f"group-{i}" for i in range(3)]
    workspaces, attached = {}, {group: [] for group in groups}
    for name in ("one", "two"):
        resources = {
            kind: [f"{kind[:3]}-{name}-{i}" for i in range(rng.randint(1, ids_per_type))]
            for kind in TYPES
        }
        listed = dict(resources)
        listed["transformation"] = [
            {
                "id": id,
                "connected_to": rng.sample(
                    resources["destination"], rng.randint(0, len(resources["destination"]))
                ),
            }
            for id in resources["transformation"]
        ]
        direct = rng.sample(users, rng.randint(1, members))
        here = rng.sample(groups, rng.randint(0, 3))
        for group in here:
            attached[group].append(name)
        policies = {"baseline": _policy(rng, resources)}
        with_policy = [group for group in here if rng.random() < 0.8]
        if with_policy:
            policies["groups"] = {group: _policy(rng, resources) for group in with_policy}
        policies["members"] = {
            user: _policy(rng, resources) for user in direct if rng.random() < 0.4
        }
        workspaces[name] = {"members": direct, "resources": listed, "policies": policies}
    return {
        "apiVersion": "verdict/v1",
        "model": "rudderstack",
        "organization": {
            "id": f"org-{seed}",
            "plan": "enterprise",
            "owner": "owner@example.com",
            "admins": ["admin@example.com"],
            "members": users,
            "unknown_resources": rng.choice(["future", "deny"]),
        },
        "groups": {
            group: {
                "members": rng.sample(users, rng.randint(0, members)),
                "workspaces": attached[group],
            }
            for group in groups
        },
        "workspaces": workspaces,
        "tokens": _tokens(seed, users[0]),
    }


def _tokens(seed, user):
    robot = {
        "id": "robot",
        "workspace": "one",
        "secret_sha256": secret(f"{seed} robot"),
        "policy": {"pii": {"destination_live_events": "all"}},
    }
    laptop = {
        "id": "laptop",
        "user": user,
        "workspace": "one",
        "scope": "read_only",
        "secret_sha256": secret(f"{seed} laptop"),
    }
    return {"service": [robot], "personal": [laptop]}


def resource_ids(document, workspace, kind):
    """The ids of a type in a workspace, as the document lists them."""
    listed = document["workspaces"][workspace]["resources"].get(kind, [])
    return [one if isinstance(one, str) else one["id"] for one in listed]


def write(document, path):
    """Write a document as JSON, at once: whoever watches the file never sees half of it."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.new")
    half.write_text(json.dumps(document, indent=1))
    half.rename(path)
    return path
