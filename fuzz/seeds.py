#!/usr/bin/env python3
"""Writes the seeds for fuzzing to fuzz/corpus, in one directory per target.

The seeds come from testdata and the lint fixtures, and from the small YAML files in the directory
SOPS_RS_CORPUS, if it is set.
"""

import hashlib
import json
import os
from pathlib import Path

HERE = Path(__file__).parent
TESTDATA = HERE.parent / "testdata"
# libFuzzer truncates longer inputs.
MOST_BYTES = 4096
# The first byte of an input is an index into this list.
FLAT = ("dotenv", "ini", "binary")
MERGED = ("yaml", "json", "dotenv", "ini", "binary")
CHANGES = ('s0"x"', "s9[1, {}]", 's01{"a": "b\\n"}', "s00null", "s19true", "u0", "u1", "u00", "u01", "u10")

# Values, and text that contains them in several encodings.
REDACTED = (
    ([b"hunter2hunter2", b"unter2hunter2h"], b"a hunter2hunter2hunter2 aHVudGVyMmh1bnRlcjI=\n"),
    ([b"first line\nsecond line\n", b"a/b<c> d&e"], b"first line\\nsecond a%2Fb%3Cc%3E+d%26e a/b\\u003cc\n"),
    ([b"aaaaaaaa", b"aaaaaaaaaaaab"], b"aaaaaaaaaaaaaaaaaaaaaaaaaaabaaa"),
)


def lines(name):
    return map(json.loads, (TESTDATA / name).read_text().splitlines())


def files(directory, *suffixes):
    return sorted(path for path in Path(directory).rglob("*") if path.is_file() and path.suffix in suffixes)


def merge(format, source):
    """The source, a version with a different last line, and one with the first line added again."""
    lines = source.splitlines(keepends=True)
    first, last = lines[:1], lines[-1:]
    ours = lines[:-1] + [line.replace("a", "b").replace("1", "2") for line in last]
    theirs = lines + [line.replace("a", "c").replace("0", "7") for line in first]
    texts = [source, "".join(ours), "".join(theirs)]
    return bytes([MERGED.index(format)]) + "\0".join(texts).encode()


def seeds():
    """Yield the target and the bytes of each seed."""
    golden = list(lines("vectors/golden.jsonl"))
    yaml = [line["source"].encode() for line in golden if line["format"] == "yaml"]
    yaml += [
        line["yaml"].encode() for name in ("comments", "comments-block") for line in lines(f"vectors/yaml-{name}.jsonl")
    ]
    if corpus := os.environ.get("SOPS_RS_CORPUS"):
        yaml += [path.read_bytes() for path in files(corpus, ".yaml", ".yml")]
    for number, text in enumerate(yaml):
        yield "yaml_round_trip", text
        yield "block_reader", text
        yield "changes", CHANGES[number % len(CHANGES)].encode() + b"\n" + text
    for line in golden:
        yield "encrypted", line["encrypted"].encode()
        yield "merge", merge(line["format"], line["source"])
        if line["format"] == "json":
            yield "json_round_trip", line["source"].encode()
        if line["format"] in FLAT:
            yield "flat_round_trip", bytes([FLAT.index(line["format"])]) + line["source"].encode()
    for values, text in REDACTED:
        yield "redaction", b"\xff".join([b"\xfe".join(values), bytes([1, 3, 8]), text])
    for path in files(HERE.parent / "sops-lint/tests/fixtures", ".txt"):
        for number, case in enumerate(path.read_text().split("=== ")):
            yield "lint", bytes([number % 7]) + case.partition("\n")[2].encode()
    for line in lines("vectors/regex.jsonl"):
        pattern = line["pattern"].replace("'", "''")
        yield "config", f"creation_rules:\n  - path_regex: '{pattern}'\n    age: age1\n".encode()
    yield "config", (TESTDATA / "repository/.sops.yaml").read_bytes()
    for line in lines("keys/age.jsonl"):
        yield "keys", line["recipient"].encode()
        yield "keys", line["enc"].encode()
    for path in (TESTDATA / "keys").iterdir():
        yield "keys", path.read_bytes()


for target, text in seeds():
    if len(text) <= MOST_BYTES:
        directory = HERE / "corpus" / target
        directory.mkdir(parents=True, exist_ok=True)
        (directory / hashlib.sha1(text).hexdigest()).write_bytes(text)
