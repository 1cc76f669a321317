#!/bin/sh
# Install a wheel on every Python from 3.11 on that is at hand, and let it scan the demo's capture with its kernel.
#
#   tools/try-wheel.sh dist/licet-….whl
set -eu

wheel=$1
capture=src/licet/app/demo/office.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
tried=0

for python in python3.11 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[1-9]*/bin/python; do
    if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        continue
    fi
    version=$("$python" -c 'import platform; print(platform.python_version())')
    if [ -d "$work/$version" ]; then
        continue
    fi
    "$python" -m venv "$work/$version"
    "$work/$version/bin/pip" install --quiet --disable-pip-version-check "$wheel"
    "$work/$version/bin/python" -c 'from licet.flow.engine import has_kernel; assert has_kernel(), "no kernel in the wheel"'
    found=$("$work/$version/bin/licet" scan "$capture" --format jsonl --quiet | wc -l)
    test "$found" -eq 10
    echo "Python $version: $found tunnels, with the kernel"
    tried=$((tried + 1))
done

test "$tried" -gt 0
