#!/usr/bin/env python3
"""Collects the licenses of everything that the programs contain: `release/licenses.py FILE`.

A dependency whose package has no license file gets the standard text of its license, with the names
of its authors.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from project import PROGRAMS, ROOT

LICENSE_FILE = re.compile(r"(licen[sc]e|copying|unlicense|notice|copyright)", re.IGNORECASE)
STANDARD = {"MIT": ROOT / "LICENSE-MIT", "Apache-2.0": ROOT / "LICENSE-APACHE"}
TARGET = "x86_64-unknown-linux-gnu"
TOOLCHAIN = """\
The programs contain the standard library of Rust, by the Rust project's developers: MIT OR Apache-2.0.

The variant for glibc 2.17 contains LLVM's libunwind and compiler-rt, by the LLVM project's contributors: Apache-2.0 WITH LLVM-exception.

The static variant contains the GNU C Library (LGPL-2.1-or-later) and the unwinder of GCC (GPL-3.0-or-later WITH GCC-exception-3.1), both by the
Free Software Foundation. To link it with another version of the C library, run release/build from the sources of this release."""


def linked_packages(metadata):
    """The packages that the programs are linked from, without build scripts, macros and tests."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    waiting = [package["id"] for package in metadata["packages"] if package["name"] in PROGRAMS.values()]
    seen = set()
    while waiting:
        package = waiting.pop()
        if package in seen or any("proc-macro" in target["kind"] for target in packages[package]["targets"]):
            continue
        seen.add(package)
        waiting += [
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
    found = (packages[package] for package in seen if packages[package]["source"])
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def standard_texts(package):
    """The text of the first license of the package whose standard text this repository has."""
    names = re.split(r"\s+OR\s+|/", package["license"] or "")
    for name in names:
        if name in STANDARD:
            text = STANDARD[name].read_text()
            if name == "MIT":
                owners = ", ".join(package["authors"]) or f"the authors of {package['name']}"
                text = re.sub(r"(?m)^Copyright .*$", f"Copyright (c) {owners}", text)
            return [text]
    sys.exit(f"{package['name']} {package['version']}: no license file, and no standard text for {package['license']}")


def texts(package):
    directory = Path(package["manifest_path"]).parent
    files = sorted(path for path in directory.iterdir() if path.is_file() and LICENSE_FILE.match(path.name))
    found = [path.read_text(errors="replace") for path in files]
    return found or standard_texts(package)


def main():
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--features", "sops-cli/cloud", "--filter-platform", TARGET]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    users = {}
    packages = linked_packages(metadata)
    for package in packages:
        for text in texts(package):
            text = "\n".join(line.rstrip() for line in text.strip().splitlines())
            users.setdefault(text, []).append(f"{package['name']} {package['version']} ({package['license']})")
    parts = [f"Licenses of the software that {' and '.join(PROGRAMS)} contain", TOOLCHAIN]
    for text, names in users.items():
        parts.append("\n".join(["-" * 80, *dict.fromkeys(names), "-" * 80]) + "\n\n" + text)
    Path(sys.argv[1]).write_text("\n\n".join(parts) + "\n")
    print(f"{sys.argv[1]}: {len(users)} licenses of {len(packages)} packages")


if __name__ == "__main__":
    main()
