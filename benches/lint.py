#!/usr/bin/env python3
"""Times `sops-rs lint` and the Git hook, and measures how memory grows with the number of files.

    cargo build --profile dist -p sops-cli && python3 benches/lint.py [--runs N] [--program FILE]

Requires `git` on the PATH, and `target/dist/sops-rs` unless `--program` names another program.
Every file of the repository is the 2 KB Deployment from `sops-lint/benches/manifests`, and the
repository has a creation rule and an encrypted Secret that it covers. The rate of `lint` is that of
a whole run with all rules on one core, from start to exit, minus the time for a repository without
Deployments. The hook's time is that of a `git commit` of one file, minus that of the same commit
without the hook. Both kinds of commit alternate, so that other load on the machine affects both
equally. All times are medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MANIFESTS = os.path.join(ROOT, "sops-lint", "benches", "manifests")
CONFIG = "creation_rules:\n- path_regex: ^secrets/\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n"
FILES_A_SECOND = 10_000
HOOK_MS = 15
# Memory use varies this much between runs because of the allocator and the order of the walk.
MEMORY_GROWTH = 1.1
MANY, FEW = 10_000, 1_000
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\nstringData:\n  password: correct-horse\n"


def recipient():
    with open(os.path.join(ROOT, "testdata", "keys", "x25519.txt"), encoding="utf-8") as file:
        return next(line.split()[-1] for line in file if "public key" in line)


def manifest(name):
    with open(os.path.join(MANIFESTS, name), encoding="utf-8") as file:
        return file.read()


def write(directory, name, text):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def repository(program, directory, files):
    """Create a repository with this many Deployments, 30 in each directory, and one encrypted
    Secret."""
    os.makedirs(directory)
    subprocess.run(["git", "init", "-q", "-b", "main", directory], check=True)
    write(directory, ".sops.yaml", CONFIG.format(recipient()))
    write(directory, "secrets/shop.yaml", SECRET)
    subprocess.run([program, "encrypt", "-i", "secrets/shop.yaml"], cwd=directory, stderr=subprocess.DEVNULL, check=True)
    text = manifest("deployment.yaml")
    for number in range(files):
        write(directory, f"apps/{number // 30:04}/{number:05}.yaml", text.replace("name: shop", f"name: shop-{number}"))
    return directory


def lint(program, directory):
    """Lint on one core and return the seconds and the peak memory in KiB."""
    # Only Linux can pin a process; elsewhere, it runs on all cores.
    pin = getattr(os, "sched_setaffinity", lambda *_: None)
    command = [program, "lint"]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=directory, stderr=subprocess.DEVNULL, preexec_fn=lambda: pin(0, {0}))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"`{' '.join(command)}` exited with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss


def commit(directory, number, environment):
    """Commit one changed file and return the seconds."""
    write(directory, "shop.yaml", manifest("deployment.yaml") + f"# {number}\n")
    subprocess.run(["git", "add", "shop.yaml"], cwd=directory, env=environment, check=True)
    start = time.perf_counter()
    subprocess.run(["git", "commit", "-q", "-m", "x"], cwd=directory, env=environment, check=True)
    return time.perf_counter() - start


def hook(program, root, runs):
    """Return the milliseconds that the hook adds to a commit of one file, and those of the commit
    without it."""
    environment = os.environ | {
        "PATH": os.path.dirname(program) + os.pathsep + os.environ.get("PATH", ""),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "t", f"GIT_{who}_EMAIL": "t@example.com"}
    directories = {hooked: repository(program, os.path.join(root, str(hooked)), 100) for hooked in (True, False)}
    subprocess.run([program, "hook", "install"], cwd=directories[True], stderr=subprocess.DEVNULL, check=True)
    for directory in directories.values():
        # Background maintenance would slow down only some of the commits.
        subprocess.run(["git", "config", "gc.auto", "0"], cwd=directory, check=True)
        subprocess.run(["git", "add", "."], cwd=directory, check=True)
    times = {True: [], False: []}
    for number in range(runs + 1):
        for hooked, directory in directories.items():
            seconds = commit(directory, number, environment)
            # The first commit contains the whole repository.
            if number:
                times[hooked].append(seconds)
    alone = statistics.median(times[False])
    return (statistics.median(times[True]) - alone) * 1e3, alone * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "dist", "sops-rs"))
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    if not os.path.exists(program):
        sys.exit(f"{program} is missing: cargo build --profile dist -p sops-cli")
    with tempfile.TemporaryDirectory() as root:
        directories = {files: repository(program, os.path.join(root, str(files)), files) for files in (0, FEW, MANY)}
        runs = {files: [lint(program, directory) for _ in range(arguments.runs)] for files, directory in directories.items()}
        added, alone = hook(program, root, arguments.runs * 6)
    seconds = {files: statistics.median(run[0] for run in of) for files, of in runs.items()}
    memory = {files: statistics.median(run[1] for run in of) for files, of in runs.items()}
    rate = MANY / (seconds[MANY] - seconds[0])
    growth = memory[MANY] / memory[FEW]
    print(f"lint of {MANY} manifests of 2 KB   {rate:8.0f} manifests/s on one core (target: {FILES_A_SECOND})")
    print(f"peak memory, {FEW} and {MANY} files  {memory[FEW] / 1024:.1f} and {memory[MANY] / 1024:.1f} MiB (target: at most {MEMORY_GROWTH} times as much)")
    print(f"hook, one staged file            {added:8.1f} ms on top of the {alone:.1f} ms of the commit (target: {HOOK_MS})")
    print(f"\nload: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(rate < FILES_A_SECOND or growth > MEMORY_GROWTH or added > HOOK_MS)


if __name__ == "__main__":
    main()
