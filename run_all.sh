#!/usr/bin/env bash
# Sets EvenFace up and runs it.
#
#   ./run_all.sh              set up, run the main job on the synthetic faces, say where the report is
#   ./run_all.sh test         set up, run the tests
#   ./run_all.sh real DIR     set up, run the main job on the real faces below DIR
#   ./run_all.sh smoke        set up, run every method once for a few seconds
#   ./run_all.sh check        set up, run a tiny study, compare it with tests/baselines/tiny.json
#
# A second call skips what is already done. PYTHON names the interpreter (3.11 to 3.13).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export OMP_NUM_THREADS=1

set_up() {
    local stamp=.venv/.evenface-set-up
    local wanted
    wanted=$(cat setup.cfg pyproject.toml constraints.txt | sha256sum)
    if [[ -f $stamp && $(cat "$stamp") == "$wanted" ]]; then
        return
    fi
    local python=${PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; then
        echo "run_all.sh: $python is not Python 3.11 to 3.13; name one with PYTHON=..." >&2
        exit 2
    fi
    echo "Setting up .venv (a few minutes at the first call, about 1.6 GB)"
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
    echo "$wanted" >"$stamp"
}

run() {
    local started=$SECONDS status=0
    .venv/bin/python -m benchmarks run "$@" || status=$?
    echo "Main job: $((SECONDS - started)) s wall time"
    return "$status"
}

case "${1:-main}" in
main)
    set_up
    run --methods all --seeds 5 --out results/synthetic
    ;;
test)
    set_up
    # nproc would answer OMP_NUM_THREADS, which is the number of threads of one process.
    exec .venv/bin/python -m pytest -n "$(env -u OMP_NUM_THREADS nproc)" --dist worksteal "${@:2}"
    ;;
real)
    if [[ $# -lt 2 ]]; then
        echo "run_all.sh: name the folder that holds the data sets: ./run_all.sh real DIR" >&2
        exit 2
    fi
    set_up
    run --methods all --seeds 5 --datasets london,omi_london --data-root "$2" --out results/real
    ;;
smoke)
    set_up
    run --methods all --seeds 1 --preset smoke --out results/smoke
    ;;
check)
    set_up
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
    run --study tests/baselines/tiny.toml --workers 1 --no-report --out "$out"
    .venv/bin/python -m benchmarks check "$out" --baseline tests/baselines/tiny.json "${@:2}"
    ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
