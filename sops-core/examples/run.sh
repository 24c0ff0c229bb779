#!/usr/bin/env bash
# Runs every example except `floor`, on files that the earlier ones wrote.
set -euo pipefail
cd "$(dirname "$0")/../.."

run() {
    cargo run --quiet --package sops-core --example "$@"
}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
SOPS_AGE_KEY=$(grep '^AGE-SECRET-KEY-1' testdata/keys/x25519.txt)
recipient=$(sed -n 's/^# public key: //p' testdata/keys/x25519.txt)
export SOPS_AGE_KEY

export listen=127.0.0.1:80 database_password=hunter2
run encrypt_variable -- "$recipient" listen database_password >"$directory/web.yaml"
if grep -F hunter2 "$directory/web.yaml"; then
    exit 1
fi
run list_recipients -- "$directory/web.yaml" | grep -F "group 1: $recipient"
before=$(cat "$directory/web.yaml")
run rotate_directory -- "$directory"
test "$before" != "$(cat "$directory/web.yaml")"
run read_settings -- "$directory/web.yaml" | grep -F 'listening on 127.0.0.1:80'
PASSWORD=correct-horse run set_value -- "$directory/web.yaml" '["database_password"]'
run read_settings -- "$directory/web.yaml" | grep -F 'password of 13 bytes'
run key_service
