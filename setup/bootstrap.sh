#!/bin/sh
# From a bare Debian or Ubuntu with python3 to an environment with gridmap in it and a PostGIS.
#
#   setup/bootstrap.sh run     the package and its parts, in .venv
#   setup/bootstrap.sh test    that, and what tests, lint and notebooks need
#   setup/bootstrap.sh bench   an environment of its own for the benchmarks, in .venv-bench
#
# Needs no root and installs nothing in the system. Done at once when nothing has changed.
set -eu

stage=${1:-run}
cd "$(dirname "$0")/.."
place=$(pwd -P)
stamps=.setup-stamps
venv=.venv
requirements=
case $stage in
    run) what=. ;;
    test) what='.[test,lint,notebook]' ;;
    bench) what=. venv=.venv-bench requirements=benchmarks/requirements.txt ;;
    *) echo "setup/bootstrap.sh: the stage is run, test or bench, not $stage" >&2; exit 2 ;;
esac
began=$(date +%s)

say() { printf '[%3d s] %s\n' "$(($(date +%s) - began))" "$1" >&2; }
fail() { printf '%s\n' "$1" >&2; exit 1; }

fingerprint() {
    {
        cat pyproject.toml constraints.txt setup/bootstrap.sh ${requirements:+"$requirements"}
        echo "$place"
        "$venv/bin/python" -I -S -c 'import sys; print(sys.version)'
    } 2>/dev/null | sha256sum
}

done_before() {
    [ -x "$venv/bin/python" ] || return 1
    now=$(fingerprint)
    for stamp in "$stamps/$stage" ${1:+"$stamps/$1"}; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return 0
    done
    return 1
}

wider=
[ "$stage" = run ] && wider=test
done_before "$wider" && exit 0

mkdir -p "$stamps"
if command -v flock >/dev/null; then
    exec 9>"$stamps/lock"
    flock -n 9 || { say "waiting for another set-up of this clone"; flock 9; }
    done_before "$wider" && exit 0
fi
log=$stamps/$stage.log
: >"$log"
job=
pip_path=
stop_jobs() {
    [ -z "$job" ] || kill "$job" 2>/dev/null || :
    [ ! -f "$stamps/postgis.pid" ] || kill "$(cat "$stamps/postgis.pid")" 2>/dev/null || :
}
trap stop_jobs EXIT
trap 'exit 130' INT TERM

# Runs a command with its output in the log, and says every ten seconds that it is not hanging.
step() {
    text=$1
    shift
    say "$text"
    "$@" >>"$log" 2>&1 9>&- &
    job=$!
    since=$(date +%s)
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.2
        if [ $(($(date +%s) - since)) -ge 10 ]; then
            since=$(date +%s)
            say "still $text"
        fi
    done
    running=$job job=
    wait "$running"
}

last_words() { grep -v '^ *$' "$log" | tail -n 1; }

find_python() {
    for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    found=$(python3 -V 2>/dev/null || echo "no Python")
    fail "gridmap needs Python 3.11 or newer and found $found: install one, or name it with PYTHON=…"
}

# A virtual environment of another Python, or one that was moved here, does not work.
usable() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null && head -n 3 "$venv/bin/pip" | grep -qF "$place/$venv/bin/python"
}

make_venv() {
    rm -rf "$venv"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        step "making $venv" "$python" -m venv "$venv" || fail "making $venv failed: $(last_words)"
        return
    fi
    command -v apt-get >/dev/null || fail "this Python has no pip: install your system's python3-venv and python3-pip"
    step "making $venv" "$python" -m venv --without-pip "$venv" || fail "making $venv failed: $(last_words)"
    rm -rf "$stamps/pip"
    mkdir "$stamps/pip"
    step "fetching pip from this distribution's packages" \
        env PYTHONPATH="$place" "$python" setup/pip_wheel.py "$stamps/pip" || fail "$(last_words)"
    # Straight from its wheel, pip can install itself.
    pip_path=$(echo "$place/$stamps"/pip/usr/share/python-wheels/pip-*.whl)
}

install_python() {
    text=$1
    shift
    step "$text" env ${pip_path:+"PYTHONPATH=$pip_path"} "$venv/bin/python" -m pip install \
        --disable-pip-version-check --no-input --progress-bar off -c constraints.txt "$@" && return
    # All pins are known to fit together: no solution means that the index was not reached.
    if grep -Eqi 'connection|resolution|network|timed out|no matching distribution' "$log"; then
        fail "the Python packages cannot be fetched: check the network and pip's settings (see $log)"
    fi
    fail "installing failed: $(grep '^ERROR' "$log" | tail -n 1) (see $log)"
}

python=$(find_python)
[ -z "$requirements" ] || [ -f "$requirements" ] || fail "$requirements is missing"

# PostGIS comes while pip works: they share nothing but the network.
if [ "$stage" != run ] || [ -z "${DATABASE_URL:-}" ]; then
    rm -f "$stamps/postgis.pid" "$stamps/postgis.done"
    {
        # shellcheck disable=SC2016
        sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$stamps/postgis.pid" \
            env PYTHONPATH="$place" "$python" -m gridmap.storage.packages 2>&1 && touch "$stamps/postgis.done"
        rm -f "$stamps/postgis.pid"
    } 9>&- | while IFS= read -r line; do say "$line"; done 9>&- &
    postgis=$!
fi

usable || make_venv
install_python "installing pip and setuptools" pip setuptools
pip_path=
install_python "installing the Python packages" --no-build-isolation ${requirements:+-r "$requirements"} -e "$what"
if [ -f gridmap/spatial/locator.py ]; then
    step "compiling the locator" "$venv/bin/python" -m gridmap.spatial.locator ||
        fail "compiling the locator failed: $(last_words)"
fi
if [ -n "${postgis:-}" ]; then
    wait "$postgis"
    # Its last line said why.
    [ -f "$stamps/postgis.done" ] || exit 1
fi

fingerprint >"$stamps/$stage"
say "ready"
