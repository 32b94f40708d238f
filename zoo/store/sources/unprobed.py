"""Importing urllib3 without the socket that it opens."""

from __future__ import annotations

import socket
import sys

__all__ = ["import_without_socket"]


def import_without_socket() -> None:
    """Import urllib3 while it believes that Python has no IPv6.

    At its import urllib3 binds a socket to see whether the machine has IPv6 (`urllib3.util.connection`). Offline no
    socket may be opened, also not that one; a folder or file that pip is configured to take packages from is still read
    through requests. Afterwards urllib3 may use IPv6 as far as Python can, which is what the probe only narrows.
    """
    if "urllib3" in sys.modules:
        return
    known = socket.has_ipv6
    try:
        socket.has_ipv6 = False
        import urllib3.util.connection
    finally:
        socket.has_ipv6 = known
    urllib3.util.connection.HAS_IPV6 = known
