#!/bin/sh
# Install a wheel on every Python from 3.11 on that is at hand: let it scan the demo's capture with its kernel, and then,
# with what the registry service needs, serve a registry from an empty folder.
#
#   tools/try-wheel.sh dist/licet-….whl
set -eu

wheel=$(realpath "$1")
capture=$(realpath src/licet/app/demo/office.pcap)
service=$(realpath tools/try_service.py)
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
    bin=$work/$version/bin
    # A scan needs little; that it needs nothing else is seen before the service's packages are there.
    "$bin/pip" install --quiet --disable-pip-version-check "$wheel"
    "$bin/python" -c 'from licet.flow.engine import has_kernel; assert has_kernel(), "no kernel in the wheel"'
    found=$("$bin/licet" scan "$capture" --format jsonl --quiet | wc -l)
    test "$found" -eq 10
    echo "Python $version: $found tunnels, with the kernel"
    "$bin/pip" install --quiet --disable-pip-version-check "$wheel[server]"
    echo "Python $version: $(cd "$work" && "$bin/python" "$service")"
    tried=$((tried + 1))
done

test "$tried" -gt 0
