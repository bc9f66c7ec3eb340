"""Who counts as one client: an IPv4 address, or an IPv6 network."""

import ipaddress

IPV6_PREFIX = 64  # bits; whoever has one IPv6 address has all of its /64


def client_of(address: str) -> str:
    """Name the client that an address belongs to, for limits by client.

    address  of the peer, as a socket or a trusted proxy gives it
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
