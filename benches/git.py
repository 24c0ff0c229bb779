#!/usr/bin/env python3
"""Times Git with encrypted files: `git log -p`, merges, and `sops-rs verify`.

    cargo build --release -p sops-cli && python3 benches/git.py [log] [merge] [verify] [--runs N] [--program FILE]

Requires `git` and a C compiler, and `target/release/sops-rs` unless `--program` names another
program. Each measurement has a goal in seconds, and the exit code is 1 if one is missed:

- `log`: `git log -p` over 1,000 versions of a file with 20 values. Each version changes one value,
  and Git calls the program twice for it.
- `merge`: a merge of 300 files. Both sides changed a value in each file.
- `verify`: 1,000 files in one call.

Git is also timed with a program that does the same work except for encryption: for `log` it copies
the file, for `merge` it does nothing. The runs alternate, so that other load on the machine affects
both equally. All times are medians. The CPU time, of Git and the programs that it starts, depends
less on that load.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEYS = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
VERSIONS, MERGED, VERIFIED = 1000, 300, 1000
GOALS = {"log": 6, "merge": 2, "verify": 0.3}
VALUES = [f"  key{number}: value {number}\n" for number in range(20)]
COPY = r"""
#include <stdio.h>
int main(int argc, char **argv) {
    char bytes[65536];
    size_t length;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    while (file && (length = fread(bytes, 1, sizeof bytes, file)) > 0) fwrite(bytes, 1, length, stdout);
    return 0;
}
"""


def recipient():
    with open(KEYS, encoding="utf-8") as file:
        return next(line.split()[-1] for line in file if "public key" in line)


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Repository:
    def __init__(self, directory, program):
        self.directory, self.program, self.home = os.path.join(directory, "clone"), program, directory
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "SOPS_AGE_KEY_FILE": KEYS,
            **{f"GIT_{who}_{what}": f"t{at}" for who in ("AUTHOR", "COMMITTER") for what, at in (("NAME", ""), ("EMAIL", "@example.com"))},
        }
        os.makedirs(self.directory)
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *words, **options):
        return subprocess.run(words, cwd=self.directory, env=self.env, check=True, stderr=subprocess.PIPE, **options)

    def timed(self, *words):
        start, cpu = time.perf_counter(), cpu_of_children()
        run = self.run(*words, stdout=subprocess.PIPE)
        return (time.perf_counter() - start, cpu_of_children() - cpu), run

    def commit(self):
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "x")

    def add(self, files):
        """Commit these encrypted files."""
        with open(os.path.join(self.directory, ".sops.yaml"), "w", encoding="utf-8") as out:
            out.write(f"creation_rules:\n  - age: {recipient()}\n")
        for file in files:
            with open(os.path.join(self.directory, file), "w", encoding="utf-8") as out:
                out.write("stringData:\n" + "".join(VALUES))
        self.run(self.program, "encrypt", "-i", *files)
        self.run(self.program, "git", "install")
        self.commit()

    def set(self, file, key, value):
        self.run(self.program, "set", file, f'["stringData"]["{key}"]', f'"{value}"')


def copying_program(directory):
    source, program = os.path.join(directory, "copy.c"), os.path.join(directory, "copy")
    with open(source, "w", encoding="utf-8") as file:
        file.write(COPY)
    subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


def log(repository, runs):
    repository.add(["secret.yaml"])
    for version in range(1, VERSIONS):
        repository.set("secret.yaml", f"key{version % 20}", f"version {version}")
        repository.commit()
    link = os.path.join(repository.home, ".local", "share", "sops-rs", "clones", "git-sops-textconv")
    programs = {"sops-rs": link, "a program that copies": copying_program(repository.home)}
    for _ in range(runs):
        for name, program in programs.items():
            times, shown = repository.timed("git", "-c", f"diff.sops.textconv={program}", "log", "-p")
            if name == "sops-rs":
                assert shown.stdout.count(b"\n+  key") == VERSIONS + 19 and b"ENC[" not in shown.stdout, "the log is decrypted"
            yield f"git log -p of {VERSIONS} versions, {name}", times


def merge(repository, runs):
    files = [f"secret{number}.yaml" for number in range(MERGED)]
    repository.add(files)
    for branch, key in (("topic", "key3"), ("ours", "key15")):
        repository.run("git", "checkout", "-q", "-b", branch, "main")
        for file in files:
            repository.set(file, key, branch)
        repository.commit()
    driver = repository.run("git", "config", "merge.sops.driver", stdout=subprocess.PIPE).stdout.decode().strip()
    programs = {"sops-rs": driver, "a program that does nothing": "true %O %A %B %P"}
    for _ in range(runs):
        for name, program in programs.items():
            repository.run("git", "checkout", "-q", "-B", "merged", "ours")
            times, _ = repository.timed("git", "-c", f"merge.sops.driver={program}", "merge", "-q", "--no-edit", "topic")
            if name == "sops-rs":
                merged = repository.run(repository.program, "decrypt", files[-1], stdout=subprocess.PIPE).stdout
                assert b"key3: topic\n" in merged and b"key15: ours\n" in merged, "both changes are merged"
            yield f"git merge of {MERGED} files, {name}", times


def verify(repository, runs):
    repository.add([f"secret{number}.yaml" for number in range(VERIFIED)])
    for _ in range(runs):
        times, run = repository.timed(repository.program, "verify")
        assert f"{VERIFIED} decrypted with a matching MAC".encode() in run.stderr, run
        yield f"sops-rs verify of {VERIFIED} files", times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measurements", nargs="*", choices=[[], *GOALS], metavar="log, merge or verify")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "release", "sops-rs"))
    args = parser.parse_args()
    is_missed = False
    for name in args.measurements or GOALS:
        times = {}
        with tempfile.TemporaryDirectory() as directory:
            repository = Repository(directory, os.path.abspath(args.program))
            for what, measured in {"log": log, "merge": merge, "verify": verify}[name](repository, args.runs):
                times.setdefault(what, []).append(measured)
        for what, runs in times.items():
            seconds, cpu = (statistics.median(column) for column in zip(*runs))
            print(f"{what}: {seconds:.2f} s, {cpu:.2f} s of CPU")
        is_missed |= statistics.median(seconds for seconds, _ in next(iter(times.values()))) > GOALS[name]
    return is_missed


if __name__ == "__main__":
    raise SystemExit(main())
