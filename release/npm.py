#!/usr/bin/env python3
"""Writes two npm packages: one with the static programs, and one that starts them:
`release/npm.py DIRECTORY`."""

import json
import sys
from pathlib import Path

from project import KEYWORDS, LEVEL, LICENSE, NAME, PROGRAMS, REPOSITORY, ROOT, SUMMARY, VERSION, files_below, gzipped, tar_bytes

PLATFORM = f"{NAME}-linux-x64"


def package_json(name, **fields):
    common = {"name": name, "version": VERSION, "description": SUMMARY, "license": LICENSE, "keywords": KEYWORDS}
    repository = {"repository": {"type": "git", "url": f"git+{REPOSITORY}.git"}}
    return json.dumps({**common, **repository, **fields}, indent=2).encode() + b"\n"


def write(output, name, entries):
    entries = [(f"package/{path}", content, mode) for path, content, mode in entries]
    (output / "files" / f"{name}-{VERSION}.tgz").write_bytes(gzipped(tar_bytes(entries), LEVEL))


def main():
    output = Path(sys.argv[1])
    tree = output / "tree" / "static"
    licenses = [(name, (ROOT / name).read_bytes(), 0o644) for name in ("LICENSE-MIT", "LICENSE-APACHE")]
    launcher = (ROOT / "release" / "npm-launcher.js").read_bytes()
    commands = [(f"bin/{program}.js", launcher.replace(b"PROGRAM", program.encode()), 0o755) for program in PROGRAMS]
    description = package_json(
        NAME,
        bin={program: f"bin/{program}.js" for program in PROGRAMS},
        optionalDependencies={PLATFORM: VERSION},
        engines={"node": ">=18"},
    )
    write(output, NAME, [("package.json", description, 0o644), *commands, *licenses])

    platform = package_json(PLATFORM, os=["linux"], cpu=["x64"], preferUnplugged=True)
    programs = [(f"bin/{program}", (tree / "bin" / program).read_bytes(), 0o755) for program in PROGRAMS]
    shared = [(f"{path}", (tree / path).read_bytes(), 0o644) for path in files_below(tree) if path.parts[0] == "share"]
    write(output, PLATFORM, [("package.json", platform, 0o644), *programs, *shared])


if __name__ == "__main__":
    main()
