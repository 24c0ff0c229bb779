#!/usr/bin/env python3
"""Writes an archive of each variant, to unpack into /usr/local or ~/.local:
`release/archive.py DIRECTORY`."""

import sys
from pathlib import Path

from project import LEVEL, NAME, VERSION, files_below, gzipped, is_program, tar_bytes, with_directories

SUFFIXES = {"gnu": "x86_64-linux", "static": "x86_64-linux-static"}


def main():
    output = Path(sys.argv[1])
    for variant, suffix in SUFFIXES.items():
        tree, top = output / "tree" / variant, f"{NAME}-{VERSION}-{suffix}"
        entries = [
            (f"{top}/{path}", (tree / path).read_bytes(), 0o755 if is_program(path) else 0o644) for path in files_below(tree)
        ]
        (output / "files" / f"{top}.tar.gz").write_bytes(gzipped(tar_bytes(with_directories(entries)), LEVEL))


if __name__ == "__main__":
    main()
