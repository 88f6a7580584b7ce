#!/usr/bin/env bash
# Prints CHANGELOG.md's entry of a version. Usage: scripts/release-notes.sh v0.1.0
set -euo pipefail
cd "$(dirname "$0")/.."
version="${1:?usage: release-notes.sh TAG}"
version="${version#v}"
awk -v version="$version" '/^## /{shown = $2 == version; next} shown' CHANGELOG.md
