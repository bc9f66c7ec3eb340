#!/bin/sh
# Render the manifests and validate the result against the schemas of two versions of Kubernetes, without a cluster.
set -eu
cd "$(dirname "$0")"
VALIDATE=${VALIDATE:-kubernetes-validate}
# The oldest version that the manifests are for, and the newest that the validator knows.
VERSIONS="1.27 1.37"
command -v kubectl > /dev/null || {
  echo "kubectl is not installed; install it (kubernetes-client in Debian) and try again." >&2
  exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R . "$folder/kubernetes"
# In the place of your own secrets.
echo password=0123456789abcdef > "$folder/kubernetes/base/database.env"
echo token=0123456789abcdef0123456789abcdef > "$folder/kubernetes/ray/ray.env"
for part in base overlays/one-node overlays/autoscaling ray; do
  kubectl kustomize "$folder/kubernetes/$part" > "$folder/rendered.yaml"
  # An example that is started by hand.
  if [ "$part" = ray ]; then (echo --- && cat "$folder/kubernetes/ray/driver.yaml") >> "$folder/rendered.yaml"; fi
  for version in $VERSIONS; do
    status=0
    "$VALIDATE" --strict --kubernetes-version "$version" "$folder/rendered.yaml" > "$folder/log" || status=$?
    # A kind without a schema, such as one of a misspelt version, is only a warning to the validator.
    if grep -v '^INFO' "$folder/log" >&2 || [ "$status" -ne 0 ]; then exit 1; fi
    echo "$part: $(grep -c '^INFO' "$folder/log") resources are valid for Kubernetes $version"
  done
done
