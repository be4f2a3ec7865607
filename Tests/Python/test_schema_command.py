"""`verdict schema`: a real validator takes the examples by it and refuses what is misshapen."""

import copy
import json

import jsonschema
import pytest
import yaml

from sidecar import ROOT, verdict

SHIPPED = ROOT / "docs/policy.schema.json"
ROLES = {
    "apiVersion": "verdict/v1",
    "model": "segment",
    "organization": {"id": "acme", "plan": "business", "owner": "olga"},
    "workspaces": {
        "web": {
            "resources": {
                "source": ["iOS"],
                "streaming_destination": [{"id": "SD1", "parent": "iOS"}],
                "tracking_plan": [{"id": "TP1", "sources": ["iOS"]}],
            },
            "roles": {"mia": [{"role": "source_admin", "sources": "all"}]},
        }
    },
}


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(SHIPPED.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def load(path):
    """Every scalar by its text, as documents are read; flags as editors see them."""
    return yaml.safe_load(path.read_text())


def test_the_shipped_file_is_what_the_command_prints():
    assert verdict("schema").stdout == SHIPPED.read_text()


def documents():
    files = [*ROOT.glob("examples/acme/*[!t].yaml"), *ROOT.glob("Tests/Conformance/worlds/*.yaml")]
    return sorted(files)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_documents_are_valid(validator, path):
    assert list(validator.iter_errors(load(path))) == []


def test_inline_documents_of_the_corpus_are_valid(validator):
    count = 0
    for path in sorted(ROOT.glob("Tests/Conformance/*.yaml")):
        # The checks hold escapes that only a reader of all scalars as texts should see.
        text = yaml.load(path.read_text(), Loader=yaml.BaseLoader).get("document")
        if text:
            count += 1
            assert list(validator.iter_errors(yaml.safe_load(text))) == [], path
    assert count > 10


def test_generated_documents_are_valid(validator):
    text = verdict("generate", "--members", "50", "--format", "json").stdout
    assert list(validator.iter_errors(json.loads(text))) == []


def change(document, *path, to):
    changed = copy.deepcopy(document)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return changed


def delete(document, *path):
    changed = copy.deepcopy(document)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


ACME = load(ROOT / "examples/acme/acme.yaml")
GRANTS = ("workspaces", "prod", "policies", "baseline", "resources")
WEB = ("workspaces", "web")
MISSHAPEN = {
    "another version": change(ACME, "apiVersion", to="verdict/v2"),
    "an unknown model": change(ACME, "model", to="rudderstak"),
    "no model": delete(ACME, "model"),
    "an unknown key": change(ACME, "token", to={}),
    "no owner": delete(ACME, "organization", "owner"),
    "no plan": delete(ACME, "organization", "plan"),
    "an unknown plan": change(ACME, "organization", "plan", to="premium"),
    "an id too long": change(ACME, "organization", "id", to="x" * 256),
    "an empty id": change(ACME, "organization", "id", to=""),
    "members as a mapping": change(ACME, "organization", "members", to={"mia": 1}),
    "unknown resources": change(ACME, "organization", "unknown_resources", to="allow"),
    "an unknown type": change(ACME, "workspaces", "prod", "resources", "source", to=["S1"]),
    "null": change(ACME, "workspaces", "prod", to=None),
    "an unknown permission": change(ACME, *GRANTS, "destination", to={"edti": "all"}),
    "a permission that the type lacks": change(
        ACME, *GRANTS, "transformation_library", to={"connect": "all"}
    ),
    "a narrowed connect": change(ACME, *GRANTS, "destination", "connect", to=["D1"]),
    "a scope that is text": change(ACME, *GRANTS, "destination", "edit", to="D1"),
    "a scope without ids": change(
        ACME, *GRANTS, "destination", "edit", to={"include_future": True}
    ),
    "an unknown switch": change(
        ACME, "workspaces", "prod", "policies", "baseline", "switches", to=["x"]
    ),
    "a PII permission over types without them": change(
        ACME,
        *GRANTS[:-1],
        "pii",
        to={"reverse_etl_sync_failure_samples": ["T1"]},
    ),
    "a token's scope": change(
        ACME,
        "tokens",
        to={"personal": [{"id": "a", "user": "mia", "workspace": "prod", "scope": "write"}]},
    ),
    "roles where policies are": change(ACME, "workspaces", "prod", "roles", to={}),
    "a destination without a parent": change(
        ROLES, *WEB, "resources", "streaming_destination", to=["SD1"]
    ),
    "an unknown role": change(ROLES, *WEB, "roles", to={"mia": [{"role": "source_amin"}]}),
    "a role without its scope": change(
        ROLES, *WEB, "roles", to={"mia": [{"role": "source_admin"}]}
    ),
    "a scope for a role without": change(
        ROLES, *WEB, "roles", to={"mia": [{"role": "minimal_access", "sources": "all"}]}
    ),
    "policies where roles are": change(ROLES, *WEB, "policies", to={}),
    "members where roles are": change(ROLES, "organization", "members", to=["mia"]),
    "groups where roles are": change(ROLES, "groups", to={}),
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_what_is_misshapen_is_refused_as_the_reader_refuses_it(validator, tmp_path, name):
    assert list(validator.iter_errors(ROLES)) == []
    assert list(validator.iter_errors(MISSHAPEN[name]))
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(MISSHAPEN[name]))
    assert verdict("compile", file, "-o", tmp_path / "x", check=False).returncode == 1


def test_one_model_alone_and_models_of_a_directory():
    one = json.loads(verdict("schema", "--model", "segment").stdout)
    errors = jsonschema.Draft202012Validator(one).iter_errors
    assert list(errors(ROLES)) == [] and list(errors(ACME))
    models = ROOT / "Tests/Library/models"
    library = json.loads(verdict("schema", "--models", models).stdout)
    museum = load(ROOT / "Tests/Library/policies/museum.yaml")
    assert list(jsonschema.Draft202012Validator(library).iter_errors(museum)) == []
    assert verdict("schema", "--model", "none", check=False).returncode == 1
