"""Web addresses: one form for all ways to write the same one."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_TRACKING = ("utm_", "fbclid", "gclid")
_PORTS = {"http": 80, "https": 443}


def normalise_url(url: str) -> str:
    """Scheme (http or https), `www.`, default port, fragment, tracking parameters and a last slash do not count."""
    try:
        parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
        port = parts.port
    except ValueError:
        return url.strip()
    host = (parts.hostname or "").removeprefix("www.")
    if port is not None and port != _PORTS.get(parts.scheme or "https"):
        host = f"{host}:{port}"
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~-._").rstrip("/")
    query = urlencode([(key, value) for key, value in _pairs(parts.query) if not key.lower().startswith(_TRACKING)])
    return f"{host}{path}?{query}" if query else f"{host}{path}"


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)
