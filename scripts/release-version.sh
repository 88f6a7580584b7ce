#!/usr/bin/env bash
# Fails unless the tag given is "v" and the version in Cargo.toml, and CHANGELOG.md has an entry for that version.
# Usage: scripts/release-version.sh v0.1.0
set -euo pipefail
cd "$(dirname "$0")/.."
tag="${1:?usage: release-version.sh TAG}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
if [ "$tag" != "v$version" ]; then
  echo "the tag is $tag, but Cargo.toml says $version: the tag must be v$version" >&2
  exit 1
fi
if ! grep -q "^## $version " CHANGELOG.md; then
  echo "CHANGELOG.md has no entry for $version: write one, \"## $version – DATE\"" >&2
  exit 1
fi
