#!/usr/bin/env python3
"""Lays out what a package installs below /usr: `release/tree.py DIRECTORY VARIANT`."""

import shutil
import sys
from pathlib import Path

from project import NAME, ROOT, gzipped


def main():
    output, variant = Path(sys.argv[1]), sys.argv[2]
    documents, tree = output / "documents", output / "tree" / variant
    shutil.rmtree(tree, ignore_errors=True)

    def install(content, path, mode=0o644):
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)

    for program in sorted((output / "bin" / variant).iterdir()):
        install(program.read_bytes(), f"bin/{program.name}", 0o755)
    for page in sorted((documents / "man").iterdir()):
        install(gzipped(page.read_bytes()), f"share/man/man1/{page.name}.gz")
    completions = documents / "completions"
    install((completions / "bash").read_bytes(), f"share/bash-completion/completions/{NAME}")
    install((completions / "zsh").read_bytes(), f"share/zsh/vendor-completions/_{NAME}")
    install((completions / "fish").read_bytes(), f"share/fish/vendor_completions.d/{NAME}.fish")
    for name in ("LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"):
        install((ROOT / name).read_bytes(), f"share/doc/{NAME}/{name}")
    licenses = ["THIRD-PARTY-LICENSES", "RUST-LICENSES.html", *(["LGPL-2.1"] if variant == "static" else [])]
    for name in licenses:
        install((documents / name).read_bytes(), f"share/doc/{NAME}/{name}")
    for bill in sorted(documents.glob("*.cdx.json")):
        install(bill.read_bytes(), f"share/doc/{NAME}/{bill.name}")


if __name__ == "__main__":
    main()
