#!/bin/sh
# Pin the base images: pull each image that a Dockerfile names, and write its digest after its tag, both there
# and in compose.yaml. Run it again to update the digests. Usage: digests.sh [FILE...]
set -eu
deploy=$(cd "$(dirname "$0")" && pwd)
stop() {
  echo "$1" >&2
  exit 1
}
sh "$deploy/compose.sh" version > /dev/null # reports what is missing
[ $# -gt 0 ] || set -- "$deploy"/*.Dockerfile "$deploy/../compose.yaml"

# Pull all images before writing anything, so that a failing registry changes nothing.
edits=$(mktemp)
trap 'rm -f "$edits"' EXIT
for image in $(sed -n 's/^ARG [A-Z]*_IMAGE=\([^@]*\).*/\1/p' "$@" | sort -u); do
  digest=$(docker pull "$image" | sed -n 's/^Digest: \(sha256:[0-9a-f]\{64\}\)$/\1/p') || true
  [ -n "$digest" ] || stop "The registry did not return a digest for $image (see above); try again. Nothing was changed."
  printf '%s\n' "s|\(_IMAGE[=:]-*\)$image\(@.*[^}]\)\{0,1\}\(}*\)$|\1$image@$digest\3|" >> "$edits"
  echo "$image@$digest"
done
[ -s "$edits" ] || stop "There is no line such as ARG PYTHON_IMAGE=... in $*, so there is no base image to pin."
for file; do
  pinned=$(sed -f "$edits" "$file")
  printf '%s\n' "$pinned" > "$file"
done
