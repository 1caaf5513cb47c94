"""Which hosts are this very machine. Pure."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Whether `host`, of a URL that is taken apart already, is this machine: "localhost" or a loopback address."""
    host = host.rstrip(".").strip("[]").lower()
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
