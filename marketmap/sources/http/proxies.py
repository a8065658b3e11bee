"""What the environment says of the way to a host: proxies and certificates.

Both are meant for hosts elsewhere. This machine's own servers, such as a local mirror, are asked
without a proxy, whatever the environment says. Passwords of a ``.netrc`` are for other programs.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from marketmap.errors import ConfigError

CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that may name the certificates to trust; the first that is set does."""


def is_local(url: str) -> bool:
    """Return whether an address is this machine's own: a loopback address or ``localhost``.

    Examples
    --------
    >>> is_local("http://127.0.0.1:4200/api"), is_local("https://[::1]/"), is_local("http://a.b")
    (True, True, False)
    """
    host = (_host(url) or "").removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def proxies_for(url: str) -> dict[str, str]:
    """Return the proxies that requests to an address go through, by scheme, as requests has it."""
    if is_local(url):
        return {}
    # Who only asks whether an address is this machine's own need not wait for this import.
    from requests.utils import get_environ_proxies

    return dict(get_environ_proxies(url))


def proxy_for(url: str) -> str | None:
    """Return the proxy that requests to an address go through, without the password in it."""
    from requests.utils import select_proxy

    found = select_proxy(url, proxies_for(url))
    if not found:
        return None
    scheme, _, rest = found.rpartition("://")
    return f"{scheme or 'http'}://{rest.rpartition('@')[2]}"


def certificates_for(url: str) -> str | bool:
    """Return the certificates to check a host with: a file or folder, or True for the usual ones.

    Raises
    ------
    ConfigError
        What the environment names is not there.
    """
    name = next((name for name in CERTIFICATES if os.environ.get(name)), None)
    if name is None or not url.startswith("https:") or is_local(url):
        return True
    if not Path(os.environ[name]).exists():
        raise ConfigError(
            f"{name}={os.environ[name]}: no such file or folder; it must name the certificates "
            f"that {_host(url)} is checked with, or be unset"
        )
    return os.environ[name]


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # no address at all; whoever asks it will say so
        return None
