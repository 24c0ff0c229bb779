#!/usr/bin/env python3
"""Writes the Python wheel, which puts the programs for glibc 2.17 on the PATH of an environment:
`release/wheel.py DIRECTORY`."""

import base64
import hashlib
import re
import sys
import time
import zipfile
from pathlib import Path

from project import DESCRIPTION, EPOCH, KEYWORDS, LEVEL, LICENSE, NAME, REPOSITORY, SUMMARY, VERSION, files_below, is_license

# manylinux2014 is the older name of the same tag, for older versions of pip.
TAGS = ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]


def python_version(version):
    """The version as Python spells it: 1.0.0-rc.1 is 1.0.0rc1."""
    return re.sub(r"-(alpha|beta|rc)\.?(\d+)$", lambda found: found[1].replace("alpha", "a").replace("beta", "b") + found[2], version)


def metadata(version):
    return f"""\
Metadata-Version: 2.4
Name: {NAME}
Version: {version}
Summary: {SUMMARY}
License-Expression: {LICENSE}
License-File: LICENSE-MIT
License-File: LICENSE-APACHE
License-File: THIRD-PARTY-LICENSES
License-File: RUST-LICENSES.html
Keywords: {",".join(KEYWORDS)}
Project-URL: Repository, {REPOSITORY}
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{DESCRIPTION}
"""


def main():
    output = Path(sys.argv[1])
    tree, version = output / "tree" / "gnu", python_version(VERSION)
    stem = f"{NAME.replace('-', '_')}-{version}"
    information, data = f"{stem}.dist-info", f"{stem}.data"
    entries = []
    for path in files_below(tree):
        content = (tree / path).read_bytes()
        if path.parts[0] == "bin":
            entries.append((f"{data}/scripts/{path.name}", content, 0o755))
        elif path.name.endswith(".cdx.json"):
            entries.append((f"{information}/sboms/{path.name}", content, 0o644))
        elif is_license(path):
            entries.append((f"{information}/licenses/{path.name}", content, 0o644))
        elif path.parts[1] != "doc":
            entries.append((f"{data}/data/{path}", content, 0o644))
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in TAGS)
    entries.append((f"{information}/METADATA", metadata(version).encode(), 0o644))
    entries.append((f"{information}/WHEEL", f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\n{tags}".encode(), 0o644))
    record = f"{information}/RECORD"
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}\n"
        for name, content, _ in entries
    ]
    entries.append((record, "".join([*lines, f"{record},,\n"]).encode(), 0o644))
    with zipfile.ZipFile(output / "files" / f"{stem}-py3-none-{'.'.join(TAGS)}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content, mode in entries:
            # The format has no years before 1980.
            info = zipfile.ZipInfo(name, time.gmtime(max(EPOCH, 315532800))[:6])
            info.external_attr, info.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            wheel.writestr(info, content, compresslevel=LEVEL)


if __name__ == "__main__":
    main()
