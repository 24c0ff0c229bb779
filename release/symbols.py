#!/usr/bin/env python3
"""Checks the programs that packages contain: `release/symbols.py DIRECTORY`, with the directories
gnu and static.

Programs in gnu must start with glibc 2.17, so they may need no symbol of a later version; those in
static need no library at all. All are position-independent, have their relocations made read-only
at the start, and stay below 20 MB (20,000,000 bytes).
"""

import re
import subprocess
import sys
from pathlib import Path

OLDEST = (2, 17)
LIBRARIES = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"}
LARGEST = 20_000_000


def readelf(option, program):
    return subprocess.run(["readelf", "--wide", option, program], check=True, capture_output=True, text=True).stdout


def problems(program, is_static, is_quick):
    dynamic = readelf("--dynamic", program)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    names = re.findall(r"GLIBC_([0-9.]+)", readelf("--version-info", program))
    versions = {tuple(map(int, name.split("."))) for name in names}
    newest = max(versions, default=())
    size = program.stat().st_size
    print(f"{program}: {size / 1e6:.1f} MB, {len(needed)} libraries, newest symbol version: GLIBC_{'.'.join(map(str, newest)) or '(none)'}")
    if is_static and (needed or "INTERP" in readelf("--program-headers", program)):
        yield f"needs shared libraries: {sorted(needed)}"
    if not is_static and (not versions or needed - LIBRARIES):
        yield f"needs libraries other than those of glibc: {sorted(needed - LIBRARIES)}"
    if not is_static and "(RELR)" in dynamic:
        yield "has packed relocations, which glibc ignores before 2.36"
    if newest > OLDEST:
        yield f"needs glibc {'.'.join(map(str, newest))}; the oldest that must work is {'.'.join(map(str, OLDEST))}"
    if "DYN (" not in readelf("--file-header", program):
        yield "is not position-independent"
    if "BIND_NOW" not in dynamic or "GNU_RELRO" not in readelf("--program-headers", program):
        yield "can change its relocations while it runs"
    if ".dep-v0" not in readelf("--section-headers", program):
        yield "does not list its dependencies for `cargo audit bin`"
    if size > LARGEST and not is_quick:
        yield f"is larger than {LARGEST / 1e6:.0f} MB"


def main():
    is_quick = "--quick" in sys.argv
    found = [
        f"{program}: {problem}"
        for program in sorted(Path(sys.argv[1]).glob("*/*"))
        for problem in problems(program, program.parent.name == "static", is_quick)
    ]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
