#!/usr/bin/env python3
"""Times `git log -p` over many versions of an encrypted file, and the same with a program that only copies.

    cargo build --release -p sops-cli && python3 benches/git.py [--versions N] [--runs N] [--program FILE]

Requires `git` and a C compiler, and `target/release/sops-rs` unless `--program` names another program. The file has 20 values, one of which
each version changes. Git calls the program twice for each version. The program that copies does the same work except for the decryption: it
starts, reads the file and writes it. Both are called as one word, without a shell. All times are medians; they alternate, so that other load
on the machine affects both equally. The CPU time, of Git and the programs that it starts, depends less on that load.
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
SECONDS = 6
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
    def __init__(self, directory, program, home):
        self.directory, self.program = directory, program
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "SOPS_AGE_KEY_FILE": KEYS,
            **{f"GIT_{who}_{what}": f"t{at}" for who in ("AUTHOR", "COMMITTER") for what, at in (("NAME", ""), ("EMAIL", "@example.com"))},
        }

    def run(self, *words, **options):
        return subprocess.run(words, cwd=self.directory, env=self.env, check=True, stderr=subprocess.DEVNULL, **options)

    def fill(self, versions):
        """Commit this many versions of a file."""
        self.run("git", "init", "-q", "-b", "main")
        file = os.path.join(self.directory, "secret.yaml")
        for version in range(versions):
            if version == 0:
                lines = [f"  key{number}: value {number}\n" for number in range(20)]
                with open(file, "w", encoding="utf-8") as out:
                    out.write("stringData:\n" + "".join(lines))
                self.run(self.program, "encrypt", "-i", "--age", recipient(), "secret.yaml")
                self.run(self.program, "git", "install")
            else:
                self.run(self.program, "set", "secret.yaml", f'["stringData"]["key{version % 20}"]', f'"version {version}"')
            self.run("git", "add", "-A")
            self.run("git", "commit", "-q", "-m", str(version))

    def log(self, textconv):
        start, cpu = time.perf_counter(), cpu_of_children()
        log = self.run("git", "-c", f"diff.sops.textconv={textconv}", "log", "-p", stdout=subprocess.PIPE)
        return time.perf_counter() - start, cpu_of_children() - cpu, log.stdout


def copying_program(directory):
    source, program = os.path.join(directory, "copy.c"), os.path.join(directory, "copy")
    with open(source, "w", encoding="utf-8") as file:
        file.write(COPY)
    subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "release", "sops-rs"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        clone = os.path.join(directory, "clone")
        os.makedirs(clone)
        repository = Repository(clone, os.path.abspath(args.program), directory)
        repository.fill(args.versions)
        link = os.path.join(directory, ".local", "share", "sops-rs", "clones", "git-sops-textconv")
        programs = {"sops-rs": link, "copy": copying_program(directory)}
        times = {name: [] for name in programs}
        for _ in range(args.runs):
            for name, program in programs.items():
                seconds, cpu, log = repository.log(program)
                times[name].append((seconds, cpu))
                if name == "sops-rs":
                    assert log.count(b"\n+  key") == args.versions + 19 and b"ENC[" not in log, "the log is decrypted"
    medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in times.items()}
    for name, (seconds, cpu) in medians.items():
        print(f"git log -p of {args.versions} versions, {name}: {seconds:.2f} s, {cpu:.2f} s of CPU")
    return medians["sops-rs"][0] > SECONDS * args.versions / 1000


if __name__ == "__main__":
    raise SystemExit(main())
