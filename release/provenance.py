#!/usr/bin/env python3
"""States what the packages were built from, as an in-toto statement with SLSA provenance:
`release/provenance.py DIRECTORY PROFILE`.

SOPS_RS_BUILDER names the builder, as a URI. The checksums cover the statement, so their signature
does too.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from project import NAME, REPOSITORY, ROOT, VERSION


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def sha256(path):
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def main():
    output, profile = Path(sys.argv[1]), sys.argv[2]
    target = output / "files" / f"{NAME}-{VERSION}.provenance.json"
    target.unlink(missing_ok=True)
    files = sorted(path for path in target.parent.iterdir() if not path.name.startswith("SHA256SUMS"))
    commit = output_of("git", "rev-parse", "HEAD")
    is_changed = bool(output_of("git", "status", "--porcelain", "--untracked-files=no"))
    versions = re.findall(r"(?m)^(\w+_VERSION)=(\S+)$", (ROOT / "release" / "build").read_text())
    # The static programs contain the C library of this machine.
    library = output_of("ldd", "--version").splitlines()[0]
    tools = {"rustc": output_of("rustc", "--version"), "libc": library, "cc": output_of("cc", "--version").splitlines()[0]}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": path.name, "digest": sha256(path)} for path in files],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{REPOSITORY}/release/build",
                "externalParameters": {"profile": profile, "commitHasLocalChanges": is_changed},
                "internalParameters": {**tools, **dict(versions)},
                "resolvedDependencies": [
                    {"uri": f"git+{REPOSITORY}", "digest": {"gitCommit": commit}},
                    {"uri": f"git+{REPOSITORY}#Cargo.lock", "digest": sha256(ROOT / "Cargo.lock")},
                ],
            },
            "runDetails": {"builder": {"id": os.environ.get("SOPS_RS_BUILDER", f"{REPOSITORY}/unnamed-builder")}},
        },
    }
    target.write_text(json.dumps(statement, indent=2) + "\n")


if __name__ == "__main__":
    main()
