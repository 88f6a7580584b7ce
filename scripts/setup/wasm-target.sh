#!/usr/bin/env bash
# Makes `RUSTC=/usr/bin/rustc cargo build --target wasm32-unknown-unknown` work on Debian 12 where rustup can download no
# target; elsewhere `rustup target add wasm32-unknown-unknown` is all that is needed. About 137 MB and a minute.
set -euo pipefail
T=wasm32-unknown-unknown
if [ -e /usr/lib/rustlib/$T/lib/.complete ]; then echo "wasm sysroot already there"; exit 0; fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends rustc-web rust-web-src >/dev/null
RUSTC=/usr/bin/rustc; [ -x $RUSTC ]
$RUSTC -V
# linker: reuse rustup's rust-lld (has the wasm flavor); rustc looks for it in <sysroot>/lib/rustlib/<host>/bin
LLD=$("$HOME/.cargo/bin/rustc" --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
mkdir -p /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin
ln -sf "$LLD" /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
# build std once (its ~20 small crates.io deps are fetched by cargo), then install the rlibs as a prebuilt target
W=$(mktemp -d); trap 'rm -rf "$W"' EXIT
mkdir -p "$W/src"; : > "$W/src/lib.rs"
printf '[package]\nname="sysroot-seed"\nversion="0.0.0"\nedition="2024"\n[lib]\n[profile.release]\npanic="abort"\nlto=false\n[workspace]\n' > "$W/Cargo.toml"
( cd "$W" && env -u CARGO_ENCODED_RUSTFLAGS RUSTFLAGS="-Cembed-bitcode=yes" RUSTC=$RUSTC RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$W/t" \
  "$HOME/.cargo/bin/cargo" build -q --release -Zbuild-std=std,panic_abort --target $T )
D=/usr/lib/rustlib/$T/lib; rm -rf $D; mkdir -p $D
find "$W/t"/$T/release/deps -name '*.rlib' ! -name 'libsysroot_seed*' -exec cp {} $D/ \;
touch $D/.complete
du -sh $D
