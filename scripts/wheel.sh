#!/usr/bin/env bash
# Builds the wheel and tests it in a fresh environment. Usage: scripts/wheel.sh [PROFILE], `dist` as it is released (the
# default) or `dev`, which is what the tests have built already.
set -euo pipefail
cd "$(dirname "$0")/.."
profile="${1:-dist}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python="$(command -v python3 || command -v python)"

"$python" -m venv "$work/build"
bin="$work/build/bin"
[ -d "$bin" ] || bin="$work/build/Scripts"
"$bin/pip" install -q --disable-pip-version-check "maturin>=1.9,<2" mypy pandas-stubs
"$bin/mypy" --config-file pyproject.toml python/gainakt
"$bin/maturin" build -q --locked --profile "$profile" --out "$work/wheels"
ls -l "$work/wheels"

# Fresh: neither Rust nor the sources are on its path.
"$python" -m venv "$work/fresh"
bin="$work/fresh/bin"
[ -d "$bin" ] || bin="$work/fresh/Scripts"
"$bin/pip" install -q --disable-pip-version-check "$work"/wheels/*.whl pandas numpy pytest nbclient nbformat ipykernel
cp -r python/tests python/examples "$work"
cd "$work"
GAINAKT_PROGRAM='' "$bin/python" -m pytest -q --rootdir "$work" tests
