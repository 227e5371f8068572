#!/bin/sh
# Makes this machine able to compile Rust plugins (wasm32-unknown-unknown):
#
#   plugins/toolchain.sh [PREFIX]     then: . PREFIX/env
#
# Does nothing when the active compiler can already, lets rustup fetch the
# target when it can, and otherwise takes Debian's packages: they are unpacked
# into PREFIX (default ~/.cache/gatherly/wasm-toolchain), nothing is installed.
# There the standard library is compiled once, about 80 seconds, from the
# sources in the packages. May be run again at any time. `gatherly plugin
# build` finds the default PREFIX by itself.
set -eu

TARGET=wasm32-unknown-unknown
PREFIX=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/gatherly/wasm-toolchain}")
LOG=$PREFIX/log
# The question is what is there without an earlier PREFIX/env.
unset RUSTC CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER

say() { printf 'toolchain: %s\n' "$*"; }

fail() {
    say "cannot compile for $TARGET: $*" >&2
    say "remedy: install Rust from https://rustup.rs and run: rustup target add $TARGET" >&2
    [ ! -s "$LOG" ] || say "details are in $LOG" >&2
    exit 1
}

has_target() {
    libdir=$("${RUSTC:-rustc}" --print target-libdir --target $TARGET 2>/dev/null) &&
        ls "$libdir"/libstd-*.rlib >/dev/null 2>&1
}

ready() {
    say "ready: . $PREFIX/env"
    exit 0
}

# The packages, unpacked into PREFIX/usr.
fetch() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        fail "rustup cannot fetch the target, and there is no apt-get"
    if ! apt-cache show rustc-web libstd-rust-web-dev rust-web-src >"$LOG" 2>&1; then
        say "looking for Debian's packages"
        apt-get update >"$LOG" 2>&1 || fail "apt-get update failed (are you root?)"
    fi
    # What the compiler's own library and LLVM are called depends on its version.
    library=$(apt-cache depends libstd-rust-web-dev | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p' | head -n 1)
    [ -n "$library" ] || fail "Debian's rustc-web is not in the package lists"
    llvm=$(apt-cache depends "$library" | sed -n 's/.*Depends: \(libllvm[0-9.]*\)$/\1/p' | head -n 1)

    say "fetching rustc-web and its sources from Debian"
    rm -rf "$PREFIX/debs" "$PREFIX/usr"
    mkdir -p "$PREFIX/debs"
    # shellcheck disable=SC2086 # no LLVM package is no word
    (cd "$PREFIX/debs" && apt-get download rustc-web libstd-rust-web-dev rust-web-src "$library" $llvm) \
        >"$LOG" 2>&1 || fail "the packages cannot be fetched"
    for package in "$PREFIX"/debs/*.deb; do
        dpkg-deb --extract "$package" "$PREFIX"
    done
    rm -rf "$PREFIX/debs"
}

# rustup's own linker, or one of Debian's.
linker() {
    sysroot=$(rustc --print sysroot 2>/dev/null || true)
    for candidate in "$sysroot"/lib/rustlib/*/bin/rust-lld "$(command -v wasm-ld || true)" \
        /usr/bin/wasm-ld-* "$(command -v rust-lld || true)"; do
        if [ -x "$candidate" ]; then
            echo "$candidate"
            return
        fi
    done
    fail "there is no linker for it (apt-get install lld)"
}

# The standard library, from the packages' sources and the crates beside them.
build_std() {
    say "compiling the standard library, once"
    seed=$(mktemp -d)
    mkdir "$seed/src"
    echo '#![no_std]' >"$seed/src/lib.rs"
    cat >"$seed/Cargo.toml" <<'SEED'
[package]
name = "seed"
version = "0.0.0"
edition = "2024"

[workspace]

[profile.release]
panic = "abort"
SEED
    vendor=$(echo "$PREFIX"/usr/src/rustc-*/library/vendor)
    (
        cd "$seed"
        # Debian's compiler is a stable one, and building std is not stable yet.
        export RUSTC_BOOTSTRAP=1
        # Panic messages name source files, but not the folders of this machine.
        flags="-Cembed-bitcode=yes --remap-path-prefix=$PREFIX/usr/lib/rustlib/src/rust/= --remap-path-prefix=$vendor/="
        export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags"
        cargo build --offline --release --target $TARGET -Zbuild-std=std,panic_abort --target-dir "$seed/target" \
            --config 'source.crates-io.replace-with="debian"' --config "source.debian.directory=\"$vendor\""
    ) >"$LOG" 2>&1 || fail "the standard library does not compile"
    libdir=$("$RUSTC" --print target-libdir --target $TARGET)
    mkdir -p "$libdir"
    rm -f "$seed/target/$TARGET/release/deps/"libseed*
    cp "$seed/target/$TARGET/release/deps/"*.rlib "$libdir/"
    rm -rf "$seed"
}

command -v cargo >/dev/null || fail "there is no cargo"
mkdir -p "$PREFIX"
if has_target; then
    : >"$PREFIX/env"
    ready
fi
if [ -s "$PREFIX/env" ] && (. "$PREFIX/env" && has_target); then
    ready
fi
if command -v rustup >/dev/null; then
    say "asking rustup for the target"
    rustup target add $TARGET >"$LOG" 2>&1 || say "rustup cannot fetch it"
    if has_target; then
        : >"$PREFIX/env"
        ready
    fi
fi

fetch
lld=$(linker)
libraries=$(echo "$PREFIX"/usr/lib/*-linux-gnu)
cat >"$PREFIX/env.new" <<ENV
export RUSTC=$PREFIX/usr/bin/rustc
export LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$lld
ENV
. "$PREFIX/env.new"
build_std
has_target || fail "the compiler does not accept the standard library that was made"
# 400 MB that are not needed any more.
rm -rf "$PREFIX/usr/src" "$PREFIX/usr/lib/rustlib/src"
# Last, so that an env that exists is one that works.
mv "$PREFIX/env.new" "$PREFIX/env"
ready
