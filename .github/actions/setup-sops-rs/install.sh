#!/usr/bin/env bash
# Installs sops-rs into $SOPS_RS_ROOT, unless the cache contained it, and adds it to the PATH of the
# next steps.
set -euo pipefail
source=$(cd "$(dirname "$0")/../../.." && pwd)

packages=(sops-cli)
programs=(sops-rs)
features=(cloud)
if [ "${KUSTOMIZE_PLUGIN:-false}" = true ]; then
    packages+=(kustomize-plugin)
    programs+=(sops-rs-krm)
    features+=("")
fi
for number in "${!packages[@]}"; do
    if [ ! -x "$SOPS_RS_ROOT/bin/${programs[number]}" ]; then
        cargo install --locked --profile "${SOPS_RS_PROFILE:-release}" --no-track --root "$SOPS_RS_ROOT" --features "${features[number]}" --path "$source/${packages[number]}"
    fi
done
echo "$SOPS_RS_ROOT/bin" >> "$GITHUB_PATH"
echo "version=$("$SOPS_RS_ROOT/bin/sops-rs" --version | head -1)" >> "$GITHUB_OUTPUT"
