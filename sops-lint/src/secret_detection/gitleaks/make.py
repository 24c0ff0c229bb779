#!/usr/bin/env python3
"""Writes `rules.jsonl` from the rules of Gitleaks.

    go mod download github.com/zricethezav/gitleaks/v8@v8.30.1
    ./make.py "$(go env GOMODCACHE)/github.com/zricethezav/gitleaks/v8@v8.30.1/config/gitleaks.toml"

It takes the rules that recognize a secret by its form alone, not those that look for the name of a
service near a value: the lint judges names itself.
"""

import json
import os
import sys
import tomllib

# Rules that look at more than a value (commands, files, names), that our own code replaces, or that
# find public values.
LEFT_OUT = {
    "airtable-personnal-access-token",
    "curl-auth-header",
    "curl-auth-user",
    "facebook-access-token",
    "flutterwave-public-key",
    "freemius-secret-key",
    "kubernetes-secret-yaml",
    "nuget-config-password",
    "pkcs12-file",
    "private-key",
    "sourcegraph-access-token",
}
# Rules that look for a name begin with it, followed by the text between it and the value.
CONTEXT = ("(?i)[\\w.-]{0,50}?", "[\\w.-]{0,50}?")


def main():
    with open(sys.argv[1], "rb") as file:
        rules = tomllib.load(file)["rules"]
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "rules.jsonl"), "w", encoding="utf-8") as out:
        for rule in rules:
            form = rule.get("regex", "")
            if rule["id"] in LEFT_OUT or not form or form.startswith(CONTEXT):
                continue
            line = {
                "id": rule["id"],
                "form": form,
                "keywords": rule["keywords"],
                "entropy": rule.get("entropy", 0),
                # Those without these characters are single public keys.
                "allowed": [form for one in rule.get("allowlists", []) for form in one.get("regexes", []) if "[" in form or "+" in form],
            }
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
