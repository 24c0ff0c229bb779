#!/usr/bin/env python3
"""Checks the bill of materials of each program: `release/dependencies.py DIRECTORY`.

It must be valid according to the schema, and contain all packages that the program names in its
section .dep-v0.
"""

import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from project import PROGRAMS


def embedded(program):
    """The packages from crates.io that the program is linked from."""
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
        file = output / "documents" / f"{program}.cdx.json"
        if problem := JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read_text()):
            sys.exit(f"{file}: {problem}")
        bill = listed(file)
        for variant in ("gnu", "static"):
            inside = embedded(output / "bin" / variant / program)
            if not inside:
                sys.exit(f"{variant}/{program} names no package")
            if inside - bill:
                sys.exit(f"{variant}/{program}: the bill of materials lacks {sorted(inside - bill)}")
            print(f"{variant}/{program}: {len(inside)} packages, all in the bill of {len(bill)}")


if __name__ == "__main__":
    main()
