#!/bin/sh
# Copy the profiles of the containers to a file, also while they are used, or put such a copy in their place.
# Usage: backup.sh backup [FILE], backup.sh restore FILE
set -eu
# Only the user may read what it writes: it is people's handwriting.
umask 077
folder=$PWD
cd "$(dirname "$0")/.."
compose() { sh deploy/compose.sh "$@"; }
stop() {
  echo "$1" >&2
  exit 1
}
action=${1:-}
file=${2:-}
[ "$action" = backup ] || [ "$action" = restore ] || stop "Usage: backup.sh backup [FILE], backup.sh restore FILE"
[ "$action" = backup ] || [ -n "$file" ] || stop "Name the backup to restore: make restore FILE=backups/..."
[ -n "$file" ] || file=$PWD/backups/profiles-$(date -u +%Y%m%dT%H%M%SZ).sqlite3
case $file in /*) ;; *) file=$folder/$file ;; esac

# Run the action in a container of its own, which has the volume, whether or not the service is running.
in_container() { compose run --rm --no-deps -T api python -m inkdigits.personal.backup "$action"; }

if [ "$action" = backup ]; then
  [ ! -e "$file" ] || stop "$file exists already; name another file, or delete it."
  mkdir -p "$(dirname "$file")"
  # The file gets its name only when it is whole.
  trap 'rm -f "$file.part"' EXIT
  in_container > "$file.part"
  mv "$file.part" "$file"
  echo "$file"
else
  [ -f "$file" ] || stop "$file does not exist; name a file that \`make backup\` wrote."
  running=$(compose ps --quiet api)
  # No process may have the database open while it is replaced.
  [ -z "$running" ] || compose stop api
  failed=
  in_container < "$file" || failed=yes
  [ -z "$running" ] || compose start api
  [ -z "$failed" ] || exit 1
fi
