#!/bin/sh
# From a bare Debian or Ubuntu with python3 to an environment with gridmap in it and a PostGIS.
#
#   setup/bootstrap.sh demo    the package and its parts, in .venv, but for what the first use compiles
#   setup/bootstrap.sh run     that, and the compiled
#   setup/bootstrap.sh test    that, and what tests, lint and notebooks need
#   setup/bootstrap.sh bench   an environment of its own for the benchmarks, in .venv-bench
#
# Needs no root and, but for a root's browser tests, installs nothing in the system. Done at once
# when nothing has changed. Here a Python is found that is new enough; setup/stages.py does the rest.
set -eu
cd "$(dirname "$0")/.."

for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$name" -m setup.stages "$@"
    fi
done
found=$(python3 -V 2>/dev/null || echo "no Python")
echo "gridmap needs Python 3.11 or newer and found $found: install one, or name it with PYTHON=…" >&2
exit 1
