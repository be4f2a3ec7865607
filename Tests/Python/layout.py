"""An OCI image layout in Python: what a foreign tool, or somebody who forges, makes of a control
directory. It shares no code with the product."""

import hashlib
import json
import pathlib
import shutil

REF = "org.opencontainers.image.ref.name"
INDEX = "application/vnd.oci.image.index.v1+json"


class Layout:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def copy(self, path):
        """All of it at another place, times and modes included."""
        shutil.copytree(self.path, path, symlinks=True)
        return Layout(path)

    @property
    def index_path(self):
        return self.path / "index.json"

    def blob(self, digest):
        return self.path / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def read(self, descriptor):
        return json.loads(self.blob(descriptor["digest"]).read_bytes())

    def put(self, content, **fields):
        """Write a blob and return its descriptor."""
        if not isinstance(content, bytes):
            content = json.dumps(content, separators=(",", ":")).encode()
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blob(digest).write_bytes(content)
        return {**fields, "digest": digest, "size": len(content)}

    def index(self):
        return json.loads(self.index_path.read_bytes())

    def ref(self, name):
        for entry in self.index()["manifests"]:
            if entry.get("annotations", {}).get(REF) == name:
                return entry
        raise KeyError(name)

    def set(self, name="current"):
        return self.read(self.ref(name))

    def manifests(self, name="current"):
        return [self.read(entry) for entry in self.set(name)["manifests"]]

    def snapshots(self, name="current"):
        """The descriptors of the snapshots, by organization."""
        return {
            manifest["annotations"]["dev.verdict.organization"]: manifest["layers"][0]
            for manifest in self.manifests(name)
            if "dev.verdict.organization" in manifest["annotations"]
        }

    def number(self, name="current"):
        return int(self.set(name)["annotations"]["dev.verdict.set.number"])

    def write_index(self, index):
        """Replace `index.json` by one rename."""
        content = index if isinstance(index, bytes) else json.dumps(index).encode()
        half = self.path / ".index.new"
        half.write_bytes(content)
        half.rename(self.index_path)

    def point(self, name, descriptor):
        """Let a ref point at a set."""
        index = self.index()
        index["manifests"] = [
            entry for entry in index["manifests"] if entry.get("annotations", {}).get(REF) != name
        ]
        index["manifests"].insert(
            0,
            {
                "mediaType": INDEX,
                "digest": descriptor["digest"],
                "size": descriptor["size"],
                "annotations": {REF: name},
            },
        )
        self.write_index(index)

    def edit_set(self, change, name="current"):
        """Forge the set that a ref points at, its digest made to fit."""
        content = self.set(name)
        change(content)
        self.point(name, self.put(content))

    def edit_manifest(self, change, place=0, name="current"):
        """Forge one manifest, and the set with it."""

        def edit(content):
            entry = content["manifests"][place]
            manifest = self.read(entry)
            change(manifest)
            entry.update(self.put(manifest))

        self.edit_set(edit, name)

    def take(self, other):
        """Receive another layout's blobs, damaged ones included, and then its index by a rename."""
        for source in sorted((other.path / "blobs").rglob("*")):
            target = self.path / source.relative_to(other.path)
            if source.is_symlink():
                target.unlink(missing_ok=True)
                target.symlink_to(source.readlink())
            elif source.is_file():
                half = target.with_name(target.name + ".new")
                shutil.copy(source, half)
                half.rename(target)
        self.write_index(other.index_path.read_bytes())
