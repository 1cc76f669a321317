#!/bin/sh
# Make .venv with the packages of a lock file, and licet itself, editable.
#
#   tools/make-venv.sh requirements.lock
#
# Needs Python 3.11 or newer. Debian ships venv in a package of its own: as root it is installed, otherwise the command is
# printed.
set -eu

lock=$1

python=""
for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "licet needs Python 3.11 or newer, and none was found on PATH. Set PYTHON=/path/to/python3.11 and try again." >&2
    exit 1
fi

if [ ! -x .venv/bin/pip ]; then
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
            apt-get update -qq >/dev/null || true
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
        else
            echo "$python cannot make virtual environments here. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    rm -rf .venv
    "$python" -m venv .venv
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/pip install --quiet --require-hashes --requirement "$lock"
# Without build isolation: setuptools is in the lock, so nothing is fetched that has no hash.
.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
# An editable install compiles nothing, and where PYTHONDONTWRITEBYTECODE is set each run would again: a third of the time
# that a small capture takes.
.venv/bin/python -m compileall -q src
