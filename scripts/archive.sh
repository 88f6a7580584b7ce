#!/usr/bin/env bash
# Packs a built program: archives/gainakt-TARGET.tar.gz (.zip for Windows) and its SHA-256 beside it.
# Usage: scripts/archive.sh TARGET, after cargo build --profile dist --target TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
target="${1:?usage: archive.sh TARGET}"
folder="${CARGO_TARGET_DIR:-target}/$target/dist"
[ -d "$folder" ] || folder="${CARGO_TARGET_DIR:-target}/dist"
name="gainakt-$target"
rm -rf "archives/$name" && mkdir -p "archives/$name"
case "$target" in
  *windows*) program=gainakt.exe ;;
  *) program=gainakt ;;
esac
cp "$folder/$program" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "archives/$name"
cd archives
case "$target" in
  *windows*) file="$name.zip" && 7z a -bso0 "$file" "$name" ;;
  *) file="$name.tar.gz" && tar -czf "$file" "$name" ;;
esac
rm -r "$name"
# shasum is what macOS has, sha256sum everybody else.
if command -v sha256sum >/dev/null; then sha256sum "$file" >"$file.sha256"; else shasum -a 256 "$file" >"$file.sha256"; fi
cat "$file.sha256"
