#!/bin/sh
# Makes this machine able to build plugins in JavaScript and Python:
#
#   plugins/interpreters.sh [PREFIX]     then: PATH=PREFIX/bin:$PATH
#
# Fetches `componentize-js` from npm and `componentize-py` from PyPI into PREFIX
# (default ~/.cache/gatherly/interpreters); nothing is installed elsewhere. Does
# nothing when they are there. Needs node with npm, and python3 with venv.
set -eu

JS=@bytecodealliance/componentize-js@0.23.0
PY=componentize-py==0.25.1
PREFIX=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/gatherly/interpreters}")
LOG=$PREFIX/log

say() { printf 'interpreters: %s\n' "$*"; }

fail() {
    say "$*" >&2
    [ ! -s "$LOG" ] || say "details are in $LOG" >&2
    exit 1
}

mkdir -p "$PREFIX/bin"
if [ ! -x "$PREFIX/bin/componentize-js" ]; then
    command -v npm >/dev/null || fail "there is no npm: install Node.js"
    say "fetching $JS from npm"
    npm install --prefix "$PREFIX/node" --no-audit --no-fund "$JS" >"$LOG" 2>&1 || fail "npm cannot fetch it"
    ln -sf "$PREFIX/node/node_modules/.bin/componentize-js" "$PREFIX/bin/"
fi
if [ ! -x "$PREFIX/bin/componentize-py" ]; then
    command -v python3 >/dev/null || fail "there is no python3"
    say "fetching $PY from PyPI"
    python3 -m venv "$PREFIX/python" >"$LOG" 2>&1 || fail "python3 has no venv"
    "$PREFIX/python/bin/pip" install --quiet "$PY" >"$LOG" 2>&1 || fail "pip cannot fetch it"
    ln -sf "$PREFIX/python/bin/componentize-py" "$PREFIX/bin/"
fi
say "ready: PATH=$PREFIX/bin:\$PATH"
