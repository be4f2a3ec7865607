"""`verdict fmt`: canonical form, checked, written, and from standard input."""

from sidecar import ROOT, verdict

MESSY = """\
# A head.
workspaces: {prod: {members: [mia], resources: {destination: [D1]}}}  # one line
organization: {owner: olga, plan: enterprise, id: acme, members: [mia]}
model: rudderstack
apiVersion: verdict/v1
"""
NEAT = """\
# A head.
apiVersion: verdict/v1
model: rudderstack
organization:
  id: acme
  plan: enterprise
  owner: olga
  members: [mia]
workspaces:
  prod:
    members: [mia]
    resources:
      destination: [D1]  # one line
"""


def test_what_is_written_is_canonical_and_compiles_to_the_same_bytes(tmp_path):
    file = tmp_path / "acme.yaml"
    file.write_text(MESSY)
    assert verdict("fmt", file).stdout == verdict("fmt", "-", stdin=MESSY).stdout
    assert verdict("compile", file, "-o", tmp_path / "before").returncode == 0
    done = verdict("fmt", "--check", file, check=False)
    assert done.returncode == 1 and "not in canonical form, run: verdict fmt" in done.stderr
    assert file.read_text() == MESSY
    assert verdict("fmt", "--write", file).stdout == f"{file}: written\n"
    assert verdict("fmt", "--write", file).stdout == ""
    assert verdict("fmt", "--check", file).returncode == 0
    verdict("compile", file, "-o", tmp_path / "after")
    assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()
    assert file.read_text() == NEAT


def test_the_shipped_examples_are_canonical():
    verdict("fmt", "--check", *sorted((ROOT / "examples/acme").glob("*[!t].yaml")))


def test_json_stays_json(tmp_path):
    file = tmp_path / "acme.json"
    file.write_text(
        '{"model": "rudderstack", "apiVersion": "verdict/v1",'
        ' "organization": {"plan": "free", "owner": "olga", "id": "acme"}}'
    )
    verdict("fmt", "-w", file)
    assert file.read_text().startswith('{\n  "apiVersion": "verdict/v1",\n')
    verdict("fmt", "--check", file)


def test_a_document_with_errors_is_left_alone(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(MESSY.replace("owner", "ovner"))
    done = verdict("fmt", "--write", file, check=False)
    assert done.returncode == 1 and f"{file}:3:16: error: unknown key `ovner`" in done.stderr
    assert "ovner" in file.read_text()
    assert verdict("fmt", "--write", "-", check=False).returncode == 64
    assert verdict("fmt", "--write", "--check", file, check=False).returncode == 64
    assert verdict("fmt", file, file, check=False).returncode == 64
    assert verdict("fmt", check=False).returncode == 64
