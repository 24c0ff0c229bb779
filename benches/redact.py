#!/usr/bin/env python3
"""Measures the megabytes of output per second that `exec-env --redact` handles with 100 values.

    benches/redact.py [--runs N] [--megabytes N] PROGRAM

The command runs `cat` on a file in memory, and this script empties the pipe that the output goes to.
It prints the best run for log lines, for base64, and for text with a value in every line. For
comparison, it also measures the command without `--redact`.
"""

import argparse
import base64
import os
import random
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IDENTITY = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
VALUES = 100
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
MEGABYTE = 1_000_000


def rate(command, size):
    """Megabytes per second through a pipe."""
    read, write = os.pipe()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    null = os.open(os.devnull, os.O_WRONLY)
    while os.splice(read, null, 1 << 20):
        pass
    elapsed = time.perf_counter() - start
    os.close(read)
    os.close(null)
    if process.wait():
        raise SystemExit(f"{command[0]} failed")
    return size / MEGABYTE / elapsed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("program")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    generator = random.Random(1)
    values = ["".join(generator.choices(LETTERS, k=32)) for _ in range(VALUES)]
    log = "".join(f"2026-11-30T00:00:00Z INFO request {number} took {number % 97}ms\n" for number in range(1 << 14))
    texts = {
        "log lines": log.encode(),
        "base64": base64.b64encode(generator.randbytes(1 << 20)),
        "a value in every line": "".join(f"token={value} accepted for user {value[::-1]}\n" for value in values).encode(),
    }
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        os.environ.update(HOME=directory, SOPS_AGE_KEY_FILE=shutil.copy(IDENTITY, directory))
        os.chmod(os.environ["SOPS_AGE_KEY_FILE"], 0o600)
        with open(IDENTITY) as file:
            recipient = next(line.split()[-1] for line in file if "public key" in line)
        secret = os.path.join(directory, "secret.yaml")
        with open(secret, "w") as file:
            file.writelines(f"V{number}: {value}\n" for number, value in enumerate(values))
        subprocess.run([program, "encrypt", "-i", "--age", recipient, secret], check=True)
        text = os.path.join(directory, "text")
        for name, part in texts.items():
            copies = 1 + 100 * MEGABYTE // len(part)
            with open(text, "wb") as file:
                file.write(part * copies)
            times = max(1, arguments.megabytes // 100)
            size = times * copies * len(part)
            rates = {}
            for flags in ([], ["--redact"]):
                command = [program, "exec-env", *flags, secret, "--", "cat", *[text] * times]
                rates[bool(flags)] = max(rate(command, size) for _ in range(arguments.runs))
            print(f"{name:22} {rates[True]:6.0f} MB/s, without --redact {rates[False]:6.0f} MB/s")


if __name__ == "__main__":
    main()
