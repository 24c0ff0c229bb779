#!/usr/bin/env python3
"""Writes container images with the static programs, without a daemon:
`release/image.py DIRECTORY KUSTOMIZE`.

One is for CI and for init containers; the other also has kustomize, and is a config management
plugin of Argo CD. The archives have the OCI layout, which `podman load`, `docker load`, `skopeo
copy oci-archive:…` and `umoci` read. The images have no shell.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import certifi

from project import EPOCH, LEVEL, LICENSE, NAME, REPOSITORY, ROOT, SUMMARY, VERSION, files_below, gzipped, is_license, tar_bytes, with_directories

# User and group 999 are those of Argo CD's containers.
USERS = "root:x:0:0:root:/root:/sbin/nologin\nargocd:x:999:999:Argo CD:/home/argocd:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
GROUPS = "root:x:0:\nargocd:x:999:\nnonroot:x:65532:\n"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
PLUGIN = "home/argocd/cmp-server/config/plugin.yaml"

def layer_entries(tree, plugin):
    yield "etc/group", GROUPS.encode(), 0o644
    yield "etc/passwd", USERS.encode(), 0o644
    yield BUNDLE, Path(certifi.where()).read_bytes(), 0o644
    yield from plugin
    yield "tmp", None, 0o1777
    for path in files_below(tree):
        if path.parts[0] == "bin":
            yield f"usr/{path}", (tree / path).read_bytes(), 0o755
        elif is_license(path) or path.name.endswith(".cdx.json"):
            yield f"usr/{path}", (tree / path).read_bytes(), 0o644


def image(entries, title, user, entrypoint):
    """The archive of an image with one layer."""
    layer = tar_bytes(with_directories(entries))
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
    blobs = {}

    def blob(content, kind, **fields):
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content), **fields}

    def json_blob(value, kind, **fields):
        return blob(json.dumps(value, sort_keys=True).encode(), f"{kind}+json", **fields)

    labels = {
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.description": SUMMARY,
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.licenses": LICENSE,
        "org.opencontainers.image.source": REPOSITORY,
        "org.opencontainers.image.created": created,
    }
    platform = {"architecture": "amd64", "os": "linux"}
    config = {
        **platform,
        "created": created,
        "config": {
            "Entrypoint": [entrypoint],
            "Env": ["PATH=/usr/bin", f"SSL_CERT_FILE=/{BUNDLE}"],
            "Labels": labels,
            "User": user,
            "WorkingDir": "/tmp",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": created, "created_by": "release/image.py"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": json_blob(config, "config.v1"),
        "layers": [blob(gzipped(layer, LEVEL), "layer.v1.tar+gzip")],
        "annotations": labels,
    }
    names = {"org.opencontainers.image.ref.name": VERSION, "io.containerd.image.name": f"{title}:{VERSION}"}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [json_blob(manifest, "manifest.v1", platform=platform, annotations=names)],
    }
    files = {"index.json": json.dumps(index).encode(), "oci-layout": b'{"imageLayoutVersion":"1.0.0"}', **blobs}
    return tar_bytes(with_directories((name, content, 0o644) for name, content in sorted(files.items())))


def main():
    output, kustomize = Path(sys.argv[1]), Path(sys.argv[2])
    plugin = [(PLUGIN, (ROOT / "release" / "plugin.yaml").read_bytes(), 0o644), ("usr/bin/kustomize", kustomize.read_bytes(), 0o755)]
    for title, entries, user, entrypoint in [
        (NAME, [], "65532:65532", f"/usr/bin/{NAME}"),
        (f"{NAME}-argocd", plugin, "999:999", "/var/run/argocd/argocd-cmp-server"),
    ]:
        archive = image(layer_entries(output / "tree" / "static", entries), title, user, entrypoint)
        (output / "files" / f"{title}-{VERSION}-image.tar").write_bytes(archive)


if __name__ == "__main__":
    main()
