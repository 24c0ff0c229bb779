#!/usr/bin/env python3
"""Compares the times of `kustomize build` with sops-rs-krm and with ksops for an encrypted Secret.

    cargo build --profile dist -p kustomize-plugin && python3 benches/kustomize.py [--runs N]

Requires `target/dist/sops-rs-krm`, and `kustomize`, `ksops` and `sops` on the PATH. Each time is
the median of whole builds, from start to exit. The builds alternate, so that other load on the
machine affects all of them equally. The time of `kustomize` alone is measured with the decrypted
Secret as a plain resource. Both functions must generate the same output.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUNCTION = os.path.join(ROOT, "target", "dist", "sops-rs-krm")
IDENTITY = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
TO_REACH = 2
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: correct horse\n  user: web\n"
GENERATOR = """\
apiVersion: viaduct.ai/v1
kind: ksops
metadata:
  name: secrets
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: {path}
files: [secret.yaml]
"""


def write(directory, name, text):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    arguments = parser.parse_args()
    for program in ("kustomize", "ksops", "sops"):
        if not shutil.which(program):
            sys.exit(f"`{program}` is not on the PATH")
    if not os.path.exists(FUNCTION):
        sys.exit(f"{FUNCTION} is missing: cargo build --profile dist -p kustomize-plugin")
    with open(IDENTITY, encoding="utf-8") as file:
        lines = file.read().splitlines()
    recipient = next(line.split()[-1] for line in lines if "public key" in line)
    os.environ["SOPS_AGE_KEY"] = lines[-1]
    with tempfile.TemporaryDirectory() as root:
        builds = {"kustomize alone": None, "sops-rs-krm": FUNCTION, "ksops": shutil.which("ksops")}
        for name, path in builds.items():
            directory = os.path.join(root, name)
            write(directory, "secret.yaml", SECRET)
            if path is None:
                write(directory, "kustomization.yaml", "resources: [secret.yaml]\n")
                continue
            encrypt = ["sops", "encrypt", "--in-place", "--age", recipient, "--encrypted-regex", "^stringData$", "secret.yaml"]
            subprocess.run(encrypt, cwd=directory, check=True)
            write(directory, "kustomization.yaml", "generators: [generator.yaml]\n")
            write(directory, "generator.yaml", GENERATOR.format(path=path))
        times = {name: [] for name in builds}
        results = set()
        for _ in range(arguments.runs):
            for name in builds:
                command = ["kustomize", "build", "--enable-alpha-plugins", "--enable-exec", os.path.join(root, name)]
                start = time.perf_counter()
                built = subprocess.run(command, check=True, capture_output=True)
                times[name].append(time.perf_counter() - start)
                results.add(built.stdout)
    if len(results) != 1:
        sys.exit("the builds generate different output")
    medians = {name: statistics.median(samples) for name, samples in times.items()}
    for name, seconds in medians.items():
        print(f"{name:<16} {seconds * 1e3:6.1f} ms")
    ratio = medians["ksops"] / medians["sops-rs-krm"]
    print(f"\nksops / sops-rs-krm: {ratio:.1f} (target: {TO_REACH}); load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(ratio < TO_REACH)


if __name__ == "__main__":
    main()
