#!/usr/bin/env python3
"""Writes the RPM package, with the programs for glibc 2.17: `release/rpm.py DIRECTORY`."""

import shutil
import subprocess
import sys
from pathlib import Path

from project import DESCRIPTION, LEVEL, LICENSE, NAME, REPOSITORY, SUMMARY, VERSION, files_below, is_license

DOCUMENTS = f"share/doc/{NAME}"


def spec(tree, files):
    def line(path):
        kind = "%license " if is_license(path) else "%doc " if f"{path.parent}" == DOCUMENTS else ""
        mode = "0755" if path.parent.name == "bin" else "0644"
        return f"%attr({mode}, root, root) {kind}/usr/{path}"

    names = "\n".join(map(line, files))
    # RPM finds the required libraries by itself. The programs are already stripped, and this
    # package has no sources.
    return f"""\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _buildhost localhost
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _binary_payload w{LEVEL * 2}.zstdio
Name: {NAME}
Version: {VERSION.replace("-", "~")}
Release: 1
Summary: {SUMMARY}
License: {LICENSE}
URL: {REPOSITORY}

%description
{DESCRIPTION}

%install
mkdir -p %{{buildroot}}/usr
cp -rp {tree.resolve()}/. %{{buildroot}}/usr/

%files
%dir /usr/{DOCUMENTS}
{names}
"""


def main():
    output = Path(sys.argv[1])
    top = (output / "rpm").resolve()
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    # Where RPM-based distributions expect zsh's completions.
    tree = top / "tree"
    shutil.copytree(output / "tree" / "gnu", tree)
    (tree / "share/zsh/vendor-completions").rename(tree / "share/zsh/site-functions")
    (top / f"{NAME}.spec").write_text(spec(tree, files_below(tree)))
    command = ["rpmbuild", "--quiet", "-bb", "--target", "x86_64-linux", "--define", f"_topdir {top}", top / f"{NAME}.spec"]
    subprocess.run(command, check=True)
    for package in (top / "RPMS").rglob("*.rpm"):
        shutil.move(package, output / "files" / package.name)


if __name__ == "__main__":
    main()
