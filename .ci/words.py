#!/usr/bin/env python3
"""Finds wording that is unnatural English, in documentation, comments, messages and help.

It lists only phrases that have no natural use here. `.ci/words.py FILE…` checks only these files.
"""

import re
import subprocess
import sys

# The phrase, as a regular expression over whole words, and what to write instead.
PHRASES = {
    r"(?-i:(is|are|be|was) none)": "an invalid …, or no …",
    r"anew": "again",
    r"mend(s|ed|ing)?": "fix",
    r"at hand": "available",
    r"behind the (key|name|value|line|colon|comment|text|last|first|metadata|file)": "after the",
    r"stands? in": "is in",
    r"stands? (there|alone|twice|before|after|behind|under|above|below|at)": "is, or appears",
    r"nobody": "no one, or say who",
    r"somebody": "someone, or say who",
    r"folders?": "directory",
    r"but for": "except",
    r"divided by commas": "comma-separated",
    r"misspelt": "misspelled",
    r"is no (file|list|number|key|path|name|mapping|regular|expression|directory|manifest|object|string|text|YAML|JSON|repository|recipient|reference)": "is not a",
    r"(is|are) not there": "is missing, or does not exist",
    r"tak(e|es|en) away": "remove",
    r"keys? (of clouds|in (a|the) cloud)": "cloud key",
    r"marks of a (merge )?conflict": "conflict markers",
    r"(rule|expression)s? that fits?": "that matches",
    r"(rule|file|value|key)s? (that|which) (is|are) meant": "the selected …",
    r"beside": "next to",
    r"(is|are) to be \w+ed": "must be …, or to …",
    r"persons?": "user, teammate, or you",
    r"that there (is|are) not": "missing, or unknown",
    r"no longer there": "no longer exists, or is missing now",
    r"(of|by|from) which none": "none of which",
    r"names? (it|one|both|them|its file) (with|in)": "pass …, or set …",
    r"without need": "unnecessarily",
    r"at (its|their|this|that|the same) place": "position",
    r"takes? sides": "choose a side",
    r"tells? of": "report",
    r"(hereby|thereby|therein|thereof|thereto|wherein|whereof|likewise)": "say it in plain words",
    r"a blank (is|are|before|after|behind|between|in)": "a space",
    r"in another way than": "differently from",
    r"in a circle": "in a loop",
    r"(is|are|was|were) \w+ed already": "is already …",
    r"(names|keys) and texts": "and strings, or and values",
    r"keys (of|in) which (at most|at least|only)": "at most one of these keys",
}
PATTERN = re.compile(r"\b(" + "|".join(PHRASES) + r")\b", re.IGNORECASE)

# Text that others wrote: expected output of real programs, licenses, generated data.
EXEMPT = re.compile(
    r"^(\.ci/words\.py|Cargo\.lock|LICENSE|testdata/|fuzz/corpus|.*\.snap$|sops-lint/src/secret_detection/gitleaks/"
    r"|sops-lint/src/secret_detection/name_words\.rs|.*/fixtures?/|.*/tests/cases/|.*/tests/rules/)"
)
COMMENT = re.compile(r"^\s*(//[/!]?|#)\s?(.*)$")
REASON = re.compile(r'\.expect(?:_err)?\("((?:[^"\\]|\\.)*)"')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def texts(name, line):
    """The parts of a line that people read."""
    if name.endswith(".rs"):
        comment = COMMENT.match(line)
        if comment:
            return [comment.group(2)]
        trailing = line.split(" // ", 1)[1:]
        # Strings of tests are mostly data, except the reasons why they cannot fail.
        is_test = "/tests/" in name or name.endswith("/tests.rs") or "test-support" in name
        return (REASON if is_test else STRING).findall(line) + trailing
    return [line]


def main():
    names = sys.argv[1:]
    if not names:
        listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True)
        names = [name for name in listed.stdout.decode().split("\0") if name]
    found = 0
    for name in names:
        if EXEMPT.match(name) or not re.search(r"\.(rs|md|py|sh|toml|yaml|yml)$|/run$", name):
            continue
        with open(name, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                for text in texts(name, line):
                    for match in PATTERN.finditer(text):
                        phrase = match.group(0)
                        advice = next(
                            advice
                            for expression, advice in PHRASES.items()
                            if re.fullmatch(expression, phrase, re.IGNORECASE)
                        )
                        print(f"{name}:{number}: `{phrase}`: write {advice}")
                        found += 1
    if found:
        sys.exit(f"{found} phrases to replace")


if __name__ == "__main__":
    main()
