# Shared by tools/setup, tools/quickstart and tools/check; sourced, never run.
# shellcheck shell=bash

PEBBLE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PEBBLE_CACHE=${PEBBLE_CACHE:-$HOME/.cache/pebble}
PEBBLE_VENV=$PEBBLE_CACHE/venv
PEBBLE_BUILD=$PEBBLE_ROOT/build
# Paths relative to the checkout let every checkout share one compiler cache.
export CCACHE_DIR=${CCACHE_DIR:-$PEBBLE_CACHE/ccache}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PEBBLE_ROOT}
export CCACHE_NOHASHDIR=1
# Precompiled headers are cached too.
export CCACHE_SLOPPINESS=pch_defines,time_macros

STEP=0
STEPS=${STEPS:-2}

# step TEXT: announces the next of $STEPS steps and how long the run has taken.
step() {
  STEP=$((STEP + 1))
  printf '[%d/%d] %s (%d s so far)\n' "$STEP" "$STEPS" "$1" "$SECONDS"
}

# die TEXT...: one line a text on stderr, then exit 1.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# logged LOG COMMAND...: runs the command with its output in LOG and shows the end of LOG if it
# fails.
logged() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "'$*' failed" "the whole output is in $log"
  fi
}

# configure_and_build: two steps. The build is incremental; a configured tree configures itself
# again when it has to.
configure_and_build() {
  step "configuring the build in build/"
  if [ ! -f "$PEBBLE_BUILD/build.ninja" ]; then
    logged "$PEBBLE_CACHE/configure.log" \
      cmake -S "$PEBBLE_ROOT" --preset default -DPEBBLE_PYTHON="$PEBBLE_VENV/bin/python"
  fi
  step "building"
  cmake --build "$PEBBLE_BUILD" || die "the build failed" \
    "'cmake --build build' runs it again"
}
