#!/bin/sh
# Start the proxy: find the name servers, write one directive for each trusted proxy, neither of which a template can
# do, and run the entrypoint of the base image.
set -eu
# nginx does not read /etc/resolv.conf by itself. There, Docker, Podman and Kubernetes name the server that knows the
# service. An IPv6 address needs brackets.
if [ -z "$INKDIGITS_RESOLVER" ]; then
  INKDIGITS_RESOLVER=$(awk '$1 == "nameserver" { printf "%s ", ($2 ~ /:/ ? "[" $2 "]" : $2) }' /etc/resolv.conf)
fi
if [ -z "$INKDIGITS_RESOLVER" ]; then
  echo "INKDIGITS_RESOLVER: /etc/resolv.conf names no name server; set this variable to the address of one." >&2
  exit 1
fi
export INKDIGITS_RESOLVER
for network in $(echo "$INKDIGITS_TRUSTED_PROXIES" | tr ',' ' '); do
  case $network in
    *[!0-9A-Fa-f.:/]*)
      echo "INKDIGITS_TRUSTED_PROXIES: $network is not an address or a network such as 10.0.0.0/8; correct it." >&2
      exit 1
      ;;
  esac
  echo "set_real_ip_from $network;"
done > /etc/nginx/conf.d/trusted_proxies.conf
exec /docker-entrypoint.sh "$@"
