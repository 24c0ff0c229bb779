#!/usr/bin/env bash
# Runs every example, on files that the others have made.
set -euo pipefail
cd "$(dirname "$0")/../.."

run() {
    cargo run --quiet --package sops-core --example "$@"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
SOPS_AGE_KEY=$(grep '^AGE-SECRET-KEY-1' testdata/keys/x25519.txt)
recipient=$(sed -n 's/^# public key: //p' testdata/keys/x25519.txt)
export SOPS_AGE_KEY

export listen=127.0.0.1:80 database_password=hunter2
run encrypt_variable -- "$recipient" listen database_password >"$folder/web.yaml"
if grep -F hunter2 "$folder/web.yaml"; then
    exit 1
fi
run list_recipients -- "$folder/web.yaml" | grep -F "group 1: $recipient"
before=$(cat "$folder/web.yaml")
run rotate_directory -- "$folder"
test "$before" != "$(cat "$folder/web.yaml")"
run read_settings -- "$folder/web.yaml" | grep -F 'listening on 127.0.0.1:80'
run key_service
