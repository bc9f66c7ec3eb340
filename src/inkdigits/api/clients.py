"""Who clients are, and what counts as one for limits: an IPv4 address, or an IPv6 /64 network."""

import ipaddress

IPV6_PREFIX = 64  # bits; a subscriber with one IPv6 address usually owns its whole /64


def client_key(address: str) -> str:
    """Return the key under which per-client limits count an address.

    address  of the client, as a socket or a trusted proxy reports it
    returns  an IPv4 address, also for ::ffff:192.0.2.1; the /64 of an IPv6 address; anything else
             unchanged
    """
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))


def others_reach(host: str, proxies: int) -> bool:
    """Whether anybody but this computer reaches a server that listens on this address."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host.lower() == "localhost"
    return not is_loopback or proxies > 0
