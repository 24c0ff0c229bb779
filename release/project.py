"""What all packages share: names, versions, and archives that depend only on their contents."""

import gzip
import io
import os
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
VERSION = CARGO["package"]["version"]
LICENSE = CARGO["package"]["license"]
REPOSITORY = CARGO["package"]["repository"]
KEYWORDS = CARGO["package"]["keywords"]
MAINTAINER = CARGO["metadata"]["packages"]["maintainer"]
NAME = "sops-rs"
PROGRAMS = {"sops-rs": "sops-cli", "sops-rs-krm": "kustomize-plugin"}
SUMMARY = "Keeps secrets encrypted in Git repositories, compatible with SOPS"
DESCRIPTION = """\
sops-rs encrypts the values of YAML, JSON, dotenv and INI files for age and PGP keys, and leaves the rest of each file unchanged. It merges
and compares encrypted files in Git, finds plaintext secrets before they are committed, and checks how Flux decrypts a repository.
sops-rs-krm decrypts them in a kustomize build."""
# The modification time of every file in a package.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
# A quick build is not published, so its packages need not be small.
LEVEL = 1 if os.environ.get("QUICK") else 9


def files_below(directory):
    """The paths of all files below the directory, relative to it, in a fixed order."""
    return sorted(path.relative_to(directory) for path in Path(directory).rglob("*") if path.is_file())


def is_program(path):
    return path.name in PROGRAMS and path.parent.name in ("bin", "scripts")


def is_license(path):
    return path.name.startswith(("LICENSE", "THIRD-PARTY", "RUST-LICENSES", "LGPL"))


def tar_bytes(entries):
    """A tar archive of (name, content, mode); a content of None is a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, EPOCH
            if content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def with_directories(entries):
    """The entries, each preceded by those of its parent directories."""
    known = set()
    for name, content, mode in entries:
        for parent in reversed(Path(name).parents):
            if parent != Path(".") and parent not in known:
                known.add(parent)
                yield f"{parent}", None, 0o755
        known.add(Path(name))
        yield name, content, mode


def gzipped(content, level=9):
    """The compressed content, without a time or a file name in the header."""
    return gzip.compress(content, level, mtime=0)
