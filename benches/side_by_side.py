#!/usr/bin/env python3
"""Times sops-rs and sops side by side on the same files and prints ratios.

    cargo build --release && python3 benches/side_by_side.py [--large] [--runs N]

Both programs must be there: `target/release/sops-rs` and `sops` on the PATH. --large adds the files on which `sops` takes
a minute or more. A time is a whole process from start to exit, the memory its largest resident set; of several runs the
median counts.
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
OURS = os.path.join(ROOT, "target", "release", "sops-rs")
IDENTITY = os.path.join(ROOT, "testdata", "keys", "x25519.txt")


def yaml(leaves):
    """25 bytes a leaf."""
    lines = []
    for number in range(leaves):
        if number % 100 == 0:
            lines.append(f"section{number // 100:05}:")
        lines.append(f"  key{number % 100:02}: value-{number:08}")
    return "\n".join(lines) + "\n"


def json(leaves):
    sections = []
    for section in range(leaves // 100):
        members = ",\n".join(f'\t\t"key{number:02}": "value-{section:08}"' for number in range(100))
        sections.append(f'\t"section{section:05}": {{\n{members}\n\t}}')
    return "{\n" + ",\n".join(sections) + "\n}\n"


def run(command, output):
    """Seconds and kilobytes of one process."""
    with open(output, "wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(command)}: {error.decode()}")
    return seconds, usage.ru_maxrss


def median(command, output, runs):
    run(command, output)
    samples = [run(command, output) for _ in range(runs)]
    return statistics.median(sample[0] for sample in samples), max(sample[1] for sample in samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="10 MB files too")
    parser.add_argument("--runs", type=int, default=5, help="runs that count, for files up to 1 KB; larger ones have fewer")
    arguments = parser.parse_args()
    theirs = shutil.which("sops") or sys.exit("`sops` is not on the PATH")
    with open(IDENTITY, encoding="utf-8") as file:
        recipient = next(line.split()[-1] for line in file if "public key" in line)
    os.environ["SOPS_AGE_KEY_FILE"] = IDENTITY
    cases = [
        ("1 KB", yaml(40), "yaml", True),
        ("1 MB", yaml(40_000), "yaml", True),
        ("1 MB", json(40_000), "json", True),
        ("10 MB", yaml(400_000), "yaml", arguments.large),
        ("10 MB", json(400_000), "json", False),
    ]
    print(f"{'work':<26}{'sops-rs':>11}{'sops':>11}{'ratio':>9}{'sops-rs':>11}{'sops':>11}")
    ours = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, text, kind, with_peer in cases:
            plain = os.path.join(folder, f"plain.{kind}")
            encrypted = os.path.join(folder, f"encrypted.{kind}")
            output = os.path.join(folder, "output")
            with open(plain, "w", encoding="utf-8") as file:
                file.write(text)
            subprocess.run([OURS, "encrypt", "--age", recipient, "--output", encrypted, plain], check=True)
            runs = arguments.runs * 4 if size == "1 KB" else arguments.runs
            works = [("encrypt", ["encrypt", "--age", recipient, plain]), ("decrypt", ["decrypt", encrypted])]
            for verb, words in works:
                seconds, memory = median([OURS, *words], output, runs)
                ours[size, kind, verb] = seconds
                row = f"{verb} {size} {kind.upper()}"
                if with_peer:
                    peer_seconds, peer_memory = median([theirs, *words], output, runs if size == "1 KB" else 1)
                    print(
                        f"{row:<26}{seconds * 1e3:>8.1f} ms{peer_seconds * 1e3:>8.0f} ms{peer_seconds / seconds:>8.1f}x"
                        f"{memory / 1024:>8.1f} MB{peer_memory / 1024:>8.1f} MB"
                    )
                else:
                    print(f"{row:<26}{seconds * 1e3:>8.1f} ms{'':>20}{memory / 1024:>8.1f} MB")
    for kind in ("yaml", "json"):
        for verb in ("encrypt", "decrypt"):
            growth = ours["10 MB", kind, verb] / ours["1 MB", kind, verb]
            print(f"{verb} {kind.upper()}: 10 MB takes {growth:.1f} times the time of 1 MB")


if __name__ == "__main__":
    main()
