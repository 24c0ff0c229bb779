#!/usr/bin/env python3
"""Writes a bill of materials for each program, in CycloneDX: `release/sbom.py DIRECTORY`.

cargo-cyclonedx writes next to the manifest of each crate; the two of the programs are kept, without
the paths of this machine.
"""

import json
import subprocess
import sys
import urllib.parse
from pathlib import Path

from project import PROGRAMS, ROOT

NAME = "release-bom"


def main():
    output = Path(sys.argv[1])
    command = ["cargo", "cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps", "--features", "sops-cli/cloud"]
    command += ["--target", "x86_64-unknown-linux-gnu", "--override-filename", NAME]
    try:
        subprocess.run(command, check=True, cwd=ROOT)
        for program, crate in PROGRAMS.items():
            text = (ROOT / crate / f"{NAME}.json").read_text()
            for root in (str(ROOT), urllib.parse.quote(str(ROOT))):
                text = text.replace(f"path+file://{root}", "path+file:///sops-rs")
            bill = json.loads(text)
            # A random number, which would differ between builds.
            bill.pop("serialNumber", None)
            if str(ROOT) in json.dumps(bill):
                sys.exit(f"the bill of materials of {program} names the directory of the build")
            (output / f"{program}.cdx.json").write_text(json.dumps(bill, indent=1) + "\n")
            print(f"{output / program}.cdx.json: {len(bill['components'])} packages")
    finally:
        for bill in ROOT.glob(f"*/{NAME}.json"):
            bill.unlink()


if __name__ == "__main__":
    main()
