#!/usr/bin/env bash
# Everything a machine with a real GPU can show in a few minutes: parity of every kernel and of the whole model on that
# adapter, then training steps at three sizes, against PyTorch where a Python with PyTorch and pykt's windows are given.
#
#   scripts/gpu-bench.sh OUT_DIR [PYTHON] [WINDOWS_CSV]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?"usage: scripts/gpu-bench.sh OUT_DIR [PYTHON] [WINDOWS_CSV]"}
python=${2:-}
windows=${3:-}
mkdir -p "$out"
cargo build --release --locked
bin="${CARGO_TARGET_DIR:-target}/release/gainakt"
GAINAKT_DEVICE=gpu cargo test --release --locked --test golden --test ops 2>&1 | tee "$out/parity.txt"
against=()
if [[ -n $python && -n $windows ]]; then against=(--against "$python" --modes fast,trim); fi
data=(--windows random)
if [[ -n $windows ]]; then data=(--data "$windows"); fi
for preset in gainakt2exp assist2015_small; do
    "$bin" bench step --preset "$preset" --device gpu --steps 20 --warmup 5 --json "${data[@]}" "${against[@]}" |
        tee "$out/$preset.json"
done
"$bin" bench step --preset gainakt2exp --device gpu --steps 5 --windows full --json | tee "$out/full_windows.json"
