#!/usr/bin/env python3
"""Compares the packages that each program names in its section .dep-v0 with its bill of materials: `release/dependencies.py DIRECTORY`."""

import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from project import PROGRAMS


def embedded(program):
    """The registry's packages that the program is linked from."""
    with tempfile.TemporaryDirectory() as directory:
        section = Path(directory) / "section"
        command = ["objcopy", "--dump-section", f".dep-v0={section}", program, Path(directory) / "copy"]
        subprocess.run(command, check=True)
        packages = json.loads(zlib.decompress(section.read_bytes()))["packages"]
    return {
        (package["name"], package["version"])
        for package in packages
        if package["source"] == "crates.io" and package.get("kind", "runtime") == "runtime"
    }


def listed(bill):
    components = json.loads(bill.read_text())["components"]
    return {(part["name"], part["version"]) for part in components if part["purl"].find("download_url=file") < 0}


def main():
    output = Path(sys.argv[1])
    for program in PROGRAMS:
        bill = listed(output / "documents" / f"{program}.cdx.json")
        for variant in ("gnu", "static"):
            inside = embedded(output / "bin" / variant / program)
            if not inside:
                sys.exit(f"{variant}/{program} names no package")
            if inside - bill:
                sys.exit(f"{variant}/{program}: the bill of materials lacks {sorted(inside - bill)}")
            print(f"{variant}/{program}: {len(inside)} packages, all in the bill of {len(bill)}")


if __name__ == "__main__":
    main()
