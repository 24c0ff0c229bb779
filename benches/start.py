#!/usr/bin/env python3
"""Compares how fast builds of the program decrypt a file of 1 KB. Most of that time is start-up.

    benches/start.py [--runs N] PROGRAM…

The programs alternate in random order, so that other load on the machine affects all equally. The
times are those of whole processes, by the clock and of the CPU, with the median and the minimum,
and the change relative to the first program. On a busy machine, only the CPU time and the page
faults are meaningful.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IDENTITY = os.path.join(ROOT, "testdata", "keys", "x25519.txt")
CONFIG = os.path.join(ROOT, "testdata", "repository", ".sops.yaml")
VALUES = 14


def run(command, output):
    """The microseconds by the clock and of the CPU, and the page faults, of one process."""
    start = time.perf_counter_ns()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, output, 1)])
    _, status, usage = os.wait4(process, 0)
    elapsed = (time.perf_counter_ns() - start) / 1e3
    if status:
        raise SystemExit(f"{command[0]} failed")
    return elapsed, (usage.ru_utime + usage.ru_stime) * 1e6, usage.ru_minflt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    programs = [os.path.abspath(program) for program in arguments.programs]
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(HOME=directory, SOPS_AGE_KEY_FILE=shutil.copy(IDENTITY, directory))
        os.chmod(os.environ["SOPS_AGE_KEY_FILE"], 0o600)
        secret = os.path.join(directory, "secret.yaml")
        with open(secret, "w") as file:
            file.write("apiVersion: v1\nkind: Secret\nmetadata:\n  name: demo\nstringData:\n")
            file.writelines(f'  password{number:02}: "value-{number:06}-{"x" * 32}"\n' for number in range(VALUES))
        subprocess.run([programs[0], "--config", CONFIG, "encrypt", "-i", secret], check=True)
        output = os.open(os.devnull, os.O_WRONLY)
        measured = {program: [] for program in programs}
        for _ in range(arguments.runs):
            for program in random.sample(programs, len(programs)):
                measured[program].append(run([program, "decrypt", secret], output))
    first = None
    for program, runs in measured.items():
        clock, processor, faults = zip(*runs)
        row = statistics.median(clock), min(clock), statistics.median(processor), min(processor), statistics.median(faults)
        first = first or row
        print(program)
        for name, value, base in zip(("clock, median", "clock, minimum", "CPU, median", "CPU, minimum", "page faults"), row, first):
            unit = "  " if name == "page faults" else "µs"
            print(f"  {name:15} {value:7.0f} {unit} {value / base - 1:+7.1%}")


if __name__ == "__main__":
    main()
