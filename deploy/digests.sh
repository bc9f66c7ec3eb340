#!/bin/sh
# Pins the base images: pulls each image that a Dockerfile names and writes its digest after its tag, there
# and in compose.yaml. Run it again to move to what the tags name now. digests.sh [FILE...]
set -eu
deploy=$(cd "$(dirname "$0")" && pwd)
stop() {
  echo "$1" >&2
  exit 1
}
sh "$deploy/compose.sh" version > /dev/null # says what is missing
[ $# -gt 0 ] || set -- "$deploy"/*.Dockerfile "$deploy/../compose.yaml"

# All are asked for before anything is written, so that a registry that is away changes nothing.
edits=$(mktemp)
trap 'rm -f "$edits"' EXIT
for image in $(sed -n 's/^ARG [A-Z]*_IMAGE=\([^@]*\).*/\1/p' "$@" | sort -u); do
  digest=$(docker pull "$image" | sed -n 's/^Digest: \(sha256:[0-9a-f]\{64\}\)$/\1/p') || true
  [ -n "$digest" ] || stop "The registry did not give the digest of $image: see above why, and try again. Nothing was changed."
  printf '%s\n' "s|\(_IMAGE[=:]-*\)$image\(@.*[^}]\)\{0,1\}\(}*\)$|\1$image@$digest\3|" >> "$edits"
  echo "$image@$digest"
done
[ -s "$edits" ] || stop "No line such as ARG PYTHON_IMAGE=... names a base image in $*."
for file; do
  pinned=$(sed -f "$edits" "$file")
  printf '%s\n' "$pinned" > "$file"
done
