#!/usr/bin/env python3
"""Times sops-rs and sops side by side on the same files and prints ratios.

    cargo build --profile dist -p sops-cli && cargo build --profile dist -p sops-core --example floor &&
    python3 benches/side_by_side.py [--large] [--runs N] [--peer FILE]

Requires `target/dist/sops-rs`, `target/dist/examples/floor`, and `sops` on the PATH. A time is that
of a whole process, from start to exit; the memory is its peak resident set size, which is at least
that of this interpreter, about 20 MB. The programs alternate, so that other load on the machine
affects both equally, and medians are reported. A 1 KB file is processed ten times in a row, after
one run that warms up the caches; otherwise, the time would mostly be that of loading the program
into caches that the other program used.

`sops` takes quadratic time in the width of a mapping, including the topmost one, so each row says
how wide the mappings are: sections of 3 keys (13,333 of them in 1 MB), of 5, 10 and 100 keys, or
flat, with all keys in one mapping. "Realistic" files have comments above and after values, lists of
mappings, floats, scalars in quotes, block scalars, text on several lines and base64. Next to their
times is the floor: the time that the ciphers and SHA-512 alone take on one core for the same
values. They are also decrypted from the file that `sops` wrote. `--large` also times `sops` on the
files that take it minutes. `--peer` names another program to compare with instead of `sops`, such
as an earlier sops-rs; it is timed on all files.
"""

import argparse
import base64
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "target", "dist", "sops-rs")
IDENTITY = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
FLOOR = os.path.join(ROOT, "target", "dist", "examples", "floor")
FLAT = None
REALISTIC = "realistic"


def realistic(number):
    """Generate one section of a file as people write them, with about 1 KB."""
    token = base64.b64encode(hashlib.sha256(b"token %d" % number).digest()).decode()
    certificate = base64.b64encode(hashlib.sha512(b"certificate %d" % number).digest() * 2).decode()
    section = f"""\
# Service {number:05}: ask the platform team before you change it.
service{number:05}:
  # The name that customers see
  host: service-{number:05}.example.com
  port: {8000 + number % 1000}  # behind the load balancer
  ratio: 0.{number % 9 + 1}25
  threshold: {number % 50}.50
  enabled: true
  password: "p4ss \\"word\\" {number:08}"
  greeting: 'it''s service {number:05}'
  fallback: ""
  replicas:
    - name: replica-a
      weight: 1.5
      token: {token}
    # The standby is in another region.
    - name: replica-b
      weight: 2.25  # per request
      token: {token[::-1].lstrip("=")}
  zones:
    - eu-west-{number % 3}
    - "eu-central-{number % 2}"
  database:
    url: postgres://shop-{number:05}@db.example.com:5432/shop
    pool:
      size: {number % 20 + 1}
      idle: 1m30s
  certificate: |
    -----BEGIN CERTIFICATE-----
    {certificate[:64]}
    {certificate[64:128]}
    {certificate[128:]}
    -----END CERTIFICATE-----
  description: >-
    The service of team {number % 40}, which is folded
    into one line.
  limits: {{cpu: 500m, memory: {number % 8 + 1}Gi}}
"""
    if number % 10 == 0:
        section += f"""\
  note: a text without quotes
    that continues on line {number:05}
  motto: "first line

    second \\
    line"
"""
    return section + "\n"


def yaml(leaves, width):
    """Generate about 25 bytes per leaf."""
    if width is REALISTIC:
        return "".join(realistic(number) for number in range(max(leaves // 40, 1)))
    if width is FLAT:
        return "".join(f"key{number:06}: value-{number:06}\n" for number in range(leaves))
    return "".join(
        (f"section{number // width:05}:\n" if number % width == 0 else "")
        + f"  key{number % width:02}: value-{number:08}\n"
        for number in range(leaves)
    )


def json(leaves, width):
    def members(numbers, indent, digits):
        return ",\n".join(f'{indent}"key{key:0{digits}}": "value-{number:06}"' for key, number in numbers)

    if width is FLAT:
        inside = members(((number, number) for number in range(leaves)), "\t", 6)
    else:
        inside = ",\n".join(
            f'\t"section{start // width:05}": {{\n'
            + members(((key, start + key) for key in range(width)), "\t\t", 2)
            + "\n\t}"
            for start in range(0, leaves, width)
        )
    return f"{{\n{inside}\n}}\n"


def dotenv(leaves, width):
    return "".join(f"KEY{number:06}=value-{number:06}\n" for number in range(leaves))


def ini(leaves, width):
    return "".join(
        (f"[section{number // width:05}]\n" if number % width == 0 else "")
        + f"key{number % width:02} = value-{number:08}\n"
        for number in range(leaves)
    )


def binary(leaves, width):
    return "".join(f"line {number:08} of a file\n" for number in range(leaves))


# The file extensions that differ from the name of the format.
ENDINGS = {"dotenv": "env", "binary": "bin"}

# How many 1 KB files one call processes, and the target ratio to that many calls of `sops`.
MANY, MANY_TARGET = 1_000, 50

# Size, leaves, format, width of a mapping, when `sops` is timed ("large": with --large), and the
# target ratios for encryption and decryption.
CASES = [
    ("1 KB", 40, yaml, 5, "always", (8, 8)),
    ("1 KB", 40, yaml, REALISTIC, "always", (8, 8)),
    ("100 KB", 4_000, yaml, REALISTIC, "always", (None, None)),
    ("1 MB", 40_000, yaml, REALISTIC, "always", (60, 60)),
    ("1 MB", 40_000, yaml, 3, "always", (60, 60)),
    ("1 MB", 40_000, yaml, 5, "always", (None, None)),
    ("1 MB", 40_000, yaml, 10, "always", (None, None)),
    ("1 MB", 40_000, yaml, 100, "always", (None, None)),
    ("1 MB", 40_000, yaml, FLAT, "always", (60, 60)),
    ("1 MB", 40_000, json, 5, "always", (200, 80)),
    ("1 MB", 40_000, json, 10, "always", (None, None)),
    ("1 MB", 40_000, json, 100, "always", (None, None)),
    ("1 MB", 40_000, json, FLAT, "large", (200, 80)),
    ("1 KB", 40, dotenv, FLAT, "always", (8, 8)),
    ("1 MB", 40_000, dotenv, FLAT, "always", (None, None)),
    ("1 KB", 40, ini, 10, "always", (8, 8)),
    ("1 MB", 40_000, ini, 10, "always", (None, None)),
    ("1 KB", 40, binary, FLAT, "always", (8, 8)),
    ("1 MB", 40_000, binary, FLAT, "always", (None, None)),
    ("10 MB", 400_000, dotenv, FLAT, "never", (None, None)),
    ("10 MB", 400_000, ini, 10, "never", (None, None)),
    ("10 MB", 400_000, binary, FLAT, "always", (None, None)),
    ("10 MB", 400_000, yaml, 3, "never", (None, None)),
    ("10 MB", 400_000, yaml, 5, "large", (100, 100)),
    ("10 MB", 400_000, yaml, 10, "large", (None, None)),
    ("10 MB", 400_000, yaml, 100, "large", (None, None)),
    ("10 MB", 400_000, yaml, FLAT, "never", (None, None)),
    ("10 MB", 400_000, yaml, REALISTIC, "large", (None, None)),
    ("10 MB", 400_000, json, 5, "never", (None, None)),
    ("10 MB", 400_000, json, 10, "never", (None, None)),
    ("10 MB", 400_000, json, 100, "never", (None, None)),
    ("10 MB", 400_000, json, FLAT, "never", (None, None)),
]


def run(command, output):
    """Run one process and return its seconds and megabytes.

    It is spawned, because a forked process would include the time and memory of the interpreter.
    """
    new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    errors = f"{output}.errors"
    actions = [(os.POSIX_SPAWN_OPEN, 1, output, new, 0o600), (os.POSIX_SPAWN_OPEN, 2, errors, new, 0o600)]
    start = time.perf_counter()
    _, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=actions), 0)
    seconds = time.perf_counter() - start
    if status != 0:
        with open(errors, encoding="utf-8") as file:
            sys.exit(f"{' '.join(command)}: {file.read()}")
    return seconds, usage.ru_maxrss / 1024


def measure(programs, words, output, runs, peer_runs, in_a_row):
    """Run the programs in turn and return the median time, median memory and least time of each."""
    samples = [[] for _ in programs]
    for turn in range(runs):
        for program, of_program in zip(programs, samples):
            if program != OURS and turn >= peer_runs:
                continue
            if in_a_row > 1:
                run([program, *words], output)
            of_program += [run([program, *words], output) for _ in range(in_a_row)]
    columns = [list(zip(*of_program)) for of_program in samples]
    return [(statistics.median(times), statistics.median(memory), min(times)) for times, memory in columns]


def floors(plain):
    """Return the least milliseconds in which a YAML file's values can be encrypted, and decrypted."""
    output = subprocess.run([FLOOR, plain], check=True, capture_output=True, text=True).stdout
    return [f"{float(milliseconds):.1f} ms" for milliseconds in output.split()]


def time_many(peer, recipient, directory):
    """Time one call for all 1 KB files, and one call per file, extrapolated from a tenth of them."""
    many = os.path.join(directory, "many")
    os.mkdir(many)
    names = [os.path.join(many, f"{number:04}.yaml") for number in range(MANY)]
    output = os.path.join(directory, "output")
    for name in names:
        with open(name, "w", encoding="utf-8") as file:
            file.write(yaml(40, 10))
    for verb, words in (("encrypt", ["encrypt", "--age", recipient]), ("decrypt", ["decrypt"])):
        calls = {
            program: sum(run([program, *words, name], output)[0] for name in names[:: MANY // 100]) * MANY / 100
            for program in (peer, OURS)
        }
        seconds, memory = run([OURS, *words, "--in-place", *names], output)
        print(
            f"| {verb} {MANY} files of 1 KB, one call each | {calls[peer]:.1f} s | {calls[OURS]:.1f} s "
            f"| {calls[peer] / calls[OURS]:.1f}x | | | | |\n"
            f"| {verb} {MANY} files of 1 KB, one call for all | {calls[peer]:.1f} s | {seconds:.2f} s "
            f"| {calls[peer] / seconds:.1f}x | {MANY_TARGET}x | | | {memory:.0f} MB |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also time `sops` on files for which it takes minutes")
    parser.add_argument("--runs", type=int, default=5, help="number of runs of each program")
    parser.add_argument("--peer", help="program to compare with instead of `sops`, timed on all files")
    arguments = parser.parse_args()
    peer = arguments.peer or shutil.which("sops") or sys.exit("`sops` is not on the PATH")
    with open(IDENTITY, encoding="utf-8") as file:
        recipient = next(line.split()[-1] for line in file if "public key" in line)
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| work | `sops` | `sops-rs` | ratio | target | floor | `sops` memory | `sops-rs` memory |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    ours = {}
    with tempfile.TemporaryDirectory() as directory:
        identity = os.path.join(directory, "keys.txt")
        with open(IDENTITY, "rb") as source, open(os.open(identity, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as copy:
            copy.write(source.read())
        os.environ["SOPS_AGE_KEY_FILE"] = identity
        output = os.path.join(directory, "output")
        for size, leaves, kind, width, with_peer, targets in CASES:
            name = kind.__name__
            shape = {FLAT: "flat", REALISTIC: REALISTIC}.get(width, f"sections of {width}")
            ending = ENDINGS.get(name, name)
            plain, encrypted = (os.path.join(directory, f"{state}.{ending}") for state in ("plain", "encrypted"))
            with open(plain, "w", encoding="utf-8") as file:
                file.write(kind(leaves, width))
            subprocess.run([OURS, "encrypt", "--age", recipient, "--output", encrypted, plain], check=True)
            timed = arguments.peer or with_peer == "always" or (with_peer == "large" and arguments.large)
            runs, in_a_row = arguments.runs, 10 if size == "1 KB" else 1
            # One run of `sops` is enough if it takes a minute or more.
            peer_runs = 1 if with_peer == "large" and not arguments.peer else runs
            works = [("encrypt", ["encrypt", "--age", recipient, plain]), ("decrypt", ["decrypt", encrypted])]
            floor = ["", ""]
            if width is REALISTIC:
                floor = floors(plain)
                if timed and not arguments.peer:
                    by_peer = os.path.join(directory, f"peer.{ending}")
                    subprocess.run([peer, "encrypt", "--age", recipient, "--output", by_peer, plain], check=True)
                    works.append(("decrypt file of sops,", ["decrypt", by_peer]))
                    floor.append(floor[1])
            for (verb, words), target, least_time in zip(works, [*targets, targets[1]], [*floor, ""]):
                results = measure([OURS, peer] if timed else [OURS], words, output, runs, peer_runs, in_a_row)
                seconds, memory, least = results[0]
                # Other load can only add time, so the sizes are compared by the least time.
                ours[size, name, shape, verb] = least
                peer_time = ratio = peer_memory = ""
                if timed:
                    peer_seconds, peer_megabytes, _ = results[1]
                    peer_time, peer_memory = f"{peer_seconds * 1e3:.0f} ms", f"{peer_megabytes:.0f} MB"
                    ratio = f"{peer_seconds / seconds:.1f}x"
                print(
                    f"| {verb} {size} {name.upper()}, {shape} | {peer_time} | {seconds * 1e3:.1f} ms | {ratio} "
                    f"| {f'{target}x' if target else ''} | {least_time} | {peer_memory} | {memory:.0f} MB |",
                    flush=True,
                )
        if not arguments.peer:
            time_many(peer, recipient, directory)
    print("\nTime for ten times the size, from the least times (target: at most 11 times):")
    for (size, name, shape, verb), seconds in ours.items():
        if size == "1 MB" and ("10 MB", name, shape, verb) in ours:
            print(f"- {verb} {name.upper()}, {shape}: {ours['10 MB', name, shape, verb] / seconds:.1f} times")
    print(f"\nload after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
