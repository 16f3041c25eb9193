"""navab: national value benchmarks and alignment for large language models, from news articles, on Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from navab.release.load import load_release

__version__ = "0.1.0"

__all__ = ["__version__", "load_release"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: `navab --help` should not wait for Polars.
    if name == "load_release":
        from navab.release.load import load_release  # noqa: PLC0415

        return load_release
    raise AttributeError(name)
