#!/bin/sh
# Start the proxy: write one directive for each trusted proxy, which a template cannot do, and run the entrypoint
# of the base image.
set -eu
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
