#!/usr/bin/env python3
"""Times `sops-rs exposure` on a repository with 10,000 commits and 300 files.

    cargo build --release -p sops-cli && python3 benches/exposure.py [--runs N] [--program FILE] [--commits N]

Requires `git`, and `target/release/sops-rs` unless `--program` names another program. Each commit
changes one value of one file; one in a hundred rotates the data key of the file. The times are
medians, next to that of `git log --raw`, which reads the same commits without their files. The exit
code is 1 if a run takes more than the goal of 10 seconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEYS = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
FILES, GOAL = 300, 10
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s{number}\nstringData:\n" + "".join(
    f"  key{key}: value {{number}}-{key}\n" for key in range(8)
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "release", "sops-rs"))
    parser.add_argument("--commits", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {"SOPS_AGE_KEY_FILE": KEYS, "HOME": directory, "GIT_CONFIG_NOSYSTEM": "1"}
        work = os.path.join(directory, "work")
        os.mkdir(work)
        program = os.path.abspath(arguments.program)
        make_repository(work, program, arguments.commits, environment)
        recipient = recipient_of(KEYS)
        goal_is_met = True
        for name, command in (
            ("git log --raw", ["git", "log", "--raw"]),
            ("sops-rs exposure", [program, "exposure"]),
            ("sops-rs exposure --who", [program, "exposure", "--who", recipient]),
            ("sops-rs exposure --plaintext", [program, "exposure", "--plaintext"]),
        ):
            seconds = statistics.median(timed(command, work, environment) for _ in range(arguments.runs))
            print(f"{name}, {arguments.commits} commits, {FILES} files: {seconds:.2f} s")
            goal_is_met &= seconds <= GOAL
    sys.exit(0 if goal_is_met else 1)


def recipient_of(keys):
    with open(keys, encoding="utf-8") as file:
        return next(line.split(": ")[1].strip() for line in file if line.startswith("# public key: "))


def make_repository(work, program, commits, environment):
    def run(*command, **options):
        return subprocess.run(command, cwd=work, env=environment, check=True, **options)

    run("git", "init", "-q", "-b", "main")
    with open(os.path.join(work, ".sops.yaml"), "w", encoding="utf-8") as file:
        file.write(f"creation_rules:\n- encrypted_regex: ^stringData$\n  age: {recipient_of(KEYS)}\n")
    names = [f"app{number}.yaml" for number in range(FILES)]
    for number, name in enumerate(names):
        with open(os.path.join(work, name), "w", encoding="utf-8") as file:
            file.write(SECRET.format(number=number))
    run(program, "encrypt", "-i", *names, stderr=subprocess.DEVNULL)
    importer = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=work, env=environment, stdin=subprocess.PIPE)
    for commit in range(commits):
        if commit > 0:
            name = names[commit % FILES]
            if commit % 100 == 0:
                run(program, "rotate", "-i", name, stderr=subprocess.DEVNULL)
            else:
                run(program, "set", "--text", name, f"stringData.key{commit % 8}", f"value {commit}", stderr=subprocess.DEVNULL)
            names_of_commit = [name]
        else:
            names_of_commit = [".sops.yaml", *names]
        importer.stdin.write(f"commit refs/heads/main\ncommitter t <t@example.com> {1_700_000_000 + commit} +0000\ndata 1\nx\n".encode())
        for name in names_of_commit:
            with open(os.path.join(work, name), "rb") as file:
                content = file.read()
            importer.stdin.write(f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n")
    importer.stdin.close()
    importer.wait()
    run("git", "reset", "-q", "--hard", "main")
    run("git", "repack", "-q", "-a", "-d")


def timed(command, work, environment):
    start = time.monotonic()
    result = subprocess.run(command, cwd=work, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if result.returncode not in (0, 1):
        sys.exit(f"{command[0]} failed with {result.returncode}")
    return time.monotonic() - start


if __name__ == "__main__":
    main()
