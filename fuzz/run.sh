#!/bin/sh
# Build the kernel with address and undefined-behaviour sanitisers, and feed it mutated captures beside its plain twin.
#
#   fuzz/run.sh SECONDS [FOLDER…]
#
# The build goes to a folder of its own; the installed kernel is not touched.
set -eu

seconds=${1:-60}
[ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

cp -r "$here/src" "$here/setup.py" "$here/pyproject.toml" "$here/README.md" "$here/LICENSE" "$work/"
rm -f "$work"/src/licet/flow/kernel/*.so
(cd "$work" && CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" \
    "$here/.venv/bin/python" setup.py -q build_ext --inplace)
ls "$work"/src/licet/flow/kernel/*.so >/dev/null

# Python itself is not built with the sanitiser, so its run time comes first; leaks are Python's own at exit.
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$work/src:$here/tests" PYTHONMALLOC=malloc \
    "$here/.venv/bin/python" "$here/fuzz/differential.py" --seconds "$seconds" "$@"
