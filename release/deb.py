#!/usr/bin/env python3
"""Writes the Debian package, with the programs for glibc 2.17: `release/deb.py DIRECTORY`."""

import email.utils
import hashlib
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from project import DESCRIPTION, EPOCH, LEVEL, MAINTAINER, NAME, REPOSITORY, ROOT, SUMMARY, VERSION, files_below, gzipped

# The best compression that all supported versions of dpkg can read, or, for a quick build, the
# fastest.
METHOD = "xz" if LEVEL == 9 else "gzip"


def control(size):
    paragraph = textwrap.fill(DESCRIPTION, 78, initial_indent=" ", subsequent_indent=" ")
    return f"""\
Package: {NAME}
Version: {VERSION}-1
Architecture: amd64
Maintainer: {MAINTAINER}
Installed-Size: {size}
Depends: libc6 (>= 2.17)
Suggests: age, git, gnupg
Section: utils
Priority: optional
Homepage: {REPOSITORY}
Description: {SUMMARY[0].lower()}{SUMMARY[1:]}
{paragraph}
"""


def copyright_file():
    mit = "\n".join(f" {line}" if line else " ." for line in (ROOT / "LICENSE-MIT").read_text().split("\n\n", 2)[2].strip().splitlines())
    owner = next(line for line in (ROOT / "LICENSE-MIT").read_text().splitlines() if line.startswith("Copyright"))
    return f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: {NAME}
Source: {REPOSITORY}
Comment: The licenses of the libraries inside are in /usr/share/doc/{NAME}/THIRD-PARTY-LICENSES.gz.

Files: *
Copyright: {owner.split(')', 1)[1].strip()}
License: Expat or Apache-2.0

License: Expat
{mit}

License: Apache-2.0
 On Debian systems, the text of the license is in /usr/share/common-licenses/Apache-2.0.
"""


def changelog():
    date = email.utils.formatdate(EPOCH)
    return f"{NAME} ({VERSION}-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- {MAINTAINER}  {date}\n"


def main():
    output = Path(sys.argv[1])
    tree, root = output / "tree" / "gnu", output / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(tree, root / "usr")
    documents = root / "usr/share/doc" / NAME
    # Debian has the Apache license in one place for all packages; `copyright` has the other one.
    (documents / "LICENSE-APACHE").unlink()
    (documents / "LICENSE-MIT").unlink()
    for name, target in [
        ("THIRD-PARTY-LICENSES", "THIRD-PARTY-LICENSES.gz"),
        ("RUST-LICENSES.html", "RUST-LICENSES.html.gz"),
        ("CHANGELOG.md", "changelog.gz"),
    ]:
        (documents / target).write_bytes(gzipped((documents / name).read_bytes()))
        (documents / name).unlink()
    (documents / "copyright").write_text(copyright_file())
    (documents / "changelog.Debian.gz").write_bytes(gzipped(changelog().encode()))
    overrides = root / "usr/share/lintian/overrides" / NAME
    overrides.parent.mkdir(parents=True)
    overrides.write_bytes((ROOT / "release" / "lintian-overrides").read_bytes())
    files = files_below(root)
    size = sum((root / path).stat().st_size for path in files)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(control(size // 1024 + 1))
    sums = (f"{hashlib.md5((root / path).read_bytes()).hexdigest()}  {path}\n" for path in files)
    (root / "DEBIAN/md5sums").write_text("".join(sums))
    for path in root.rglob("*"):
        executable = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if executable else 0o644)
    target = output / "files" / f"{NAME}_{VERSION}-1_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", f"-Z{METHOD}", f"-z{LEVEL}", "--threads-max=1", "--build", root, target], check=True)


if __name__ == "__main__":
    main()
