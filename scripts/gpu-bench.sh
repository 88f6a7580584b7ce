#!/usr/bin/env bash
# Everything a machine with a real GPU can show in a few minutes: parity of every kernel and of the whole model on that
# adapter, products beside burn's, then training steps with the work and time of each operation, in turn with PyTorch where a
# Python with PyTorch and pykt's windows are given.
#
#   scripts/gpu-bench.sh OUT_DIR [--python PYTHON] [--windows WINDOWS_CSV] [--program GAINAKT --tests DIR] [--modes LIST] [--turns N]
#
# Without --program it builds. A machine that has neither Rust nor a network gets a program and tests built elsewhere:
#   cargo build --release && cargo test --release --no-run
# then --program target/release/gainakt --tests target/release/deps, in a copy of this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
usage="usage: scripts/gpu-bench.sh OUT_DIR [--python PYTHON] [--windows CSV] [--program GAINAKT --tests DIR] [--modes LIST] [--turns N]"
out=${1:?"$usage"}
shift
python='' windows='' program='' tests='' modes=loop,fast,trim,bucket,compile turns=2
while (($#)); do
    case $1 in
        --python) python=$2 ;;
        --windows) windows=$2 ;;
        --program) program=$2 ;;
        --tests) tests=$2 ;;
        --modes) modes=$2 ;;
        --turns) turns=$2 ;;
        *) echo "$usage" >&2; exit 2 ;;
    esac
    shift 2
done
mkdir -p "$out"
export GAINAKT_DEVICE=gpu
{ date -u; uname -a; nvidia-smi 2>/dev/null || true; } >"$out/machine.txt"

if [[ -z $program ]]; then
    cargo build --release --locked
    program="${CARGO_TARGET_DIR:-target}/release/gainakt"
    cargo test --release --locked --test golden --test ops --test twins 2>&1 | tee "$out/parity.txt"
elif [[ -n $tests ]]; then
    for test in golden ops gainakt_ops evidence_ops twins; do
        # The newest of each name: a target folder keeps those of older builds.
        binary=$(find "$tests" -maxdepth 1 -name "$test-*" -type f -executable -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
        if [[ -z $binary ]]; then echo "no test $test in $tests" | tee -a "$out/parity.txt"; continue; fi
        "$binary" 2>&1 | tee -a "$out/parity.txt"
    done
fi

"$program" bench products --device gpu | tee "$out/products.txt"
against=() apart=()
if [[ -n $python && -n $windows ]]; then
    # The original's way is slow, so fewer steps of it; PyTorch's compiler fails on some versions (2.11), which must not end this.
    apart=($(tr ',' '\n' <<<"$modes" | grep -xE 'loop|compile' || true))
    modes=$(tr ',' '\n' <<<"$modes" | { grep -vxE 'loop|compile' || true; } | paste -sd,)
    if [[ -n $modes ]]; then against=(--against "$python" --modes "$modes" --turns "$turns"); fi
fi
data=(--windows random)
if [[ -n $windows ]]; then data=(--data "$windows"); fi
for preset in gainakt2exp assist2015_small; do
    "$program" bench step --preset "$preset" --device gpu --steps 20 --warmup 5 --json "${data[@]}" "${against[@]}" |
        tee "$out/$preset.json"
    for mode in "${apart[@]}"; do
        "$program" bench step --preset "$preset" --device gpu --steps 4 --warmup 2 --no-profile --json "${data[@]}" \
            --against "$python" --modes "$mode" --turns 1 2>&1 | tee "$out/$preset.$mode.json" || true
    done
    for batch in 16 64 256; do
        "$program" bench step --preset "$preset" --device gpu --steps 10 --warmup 3 --batch-size "$batch" "${data[@]}" |
            tee "$out/$preset.$batch.txt"
    done
done
"$program" bench step --preset gainakt2exp --device gpu --steps 5 --windows full --json | tee "$out/full_windows.json"
"$program" bench step --preset assist2015_small --device gpu --steps 10 --against burn | tee "$out/burn.txt"
