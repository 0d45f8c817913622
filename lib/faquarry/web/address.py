"""Connections that never reach a private address (`sources.allow_private_addresses = false`).

A service that reads what strangers name must not be led into its own network: not by an address, not by a redirect,
and not by a name that resolves to a public address when it is checked and to a private one when it is used. So names
are resolved once, and the connection goes to the address that was checked.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError

__all__ = ["PrivateAddress", "checked_pools", "is_public", "refuse_private_name"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_6TO4 = ipaddress.ip_network("2002::/16")
_UNICAST6 = ipaddress.ip_network("2000::/3")  # all that is given out; older Pythons take other blocks for global
_EXAMPLES6 = ipaddress.ip_network("3fff::/20")


class PrivateAddress(HTTPError):
    """The name leads to an address inside a private network. The message reads on after "cannot be read:"."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} is the private address {address}, and sources.allow_private_addresses is off")


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from anywhere, IPv4 inside IPv6 included.

    >>> [is_public(a) for a in ("93.184.216.34", "10.0.0.1", "127.0.0.1", "::1", "::ffff:192.168.0.1", "169.254.169.254")]
    [True, False, False, False, False, False]
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip in _6TO4:
            return is_public(str(ipaddress.IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)))
        if ip not in _UNICAST6 or ip in _EXAMPLES6:
            return False
    return ip.is_global and not ip.is_multicast


def refuse_private_name(host: str) -> None:
    """Refuse what is private as it is written, which also holds where a proxy resolves names."""
    bare = host.strip("[]").rstrip(".").lower()
    try:
        private = not is_public(bare)
    except ValueError:
        private = bare == "localhost" or bare.endswith((".localhost", ".local", ".internal"))
    if private:
        raise PrivateAddress(host, bare)


def _connect(connection: HTTPConnection) -> socket.socket:
    """A socket to an address of the connection's host, all of which must be public."""
    host, port = connection.host.strip("[]"), connection.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    for *_, place in found:
        if not is_public(str(place[0])):
            raise PrivateAddress(host, str(place[0]))
    failure: OSError | None = None
    for family, kind, protocol, _, place in found:
        made = socket.socket(family, kind, protocol)
        try:
            if isinstance(connection.timeout, int | float):
                made.settimeout(connection.timeout)
            made.connect(place)
        except OSError as error:
            made.close()
            failure = error
            continue
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    raise failure or OSError(f"{host} has no address")


class _CheckedHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _CheckedHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _CheckedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHTTP


class _CheckedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPS


def checked_pools() -> dict[str, Any]:
    """For `PoolManager.pool_classes_by_scheme`."""
    return {"http": _CheckedHTTPPool, "https": _CheckedHTTPSPool}
