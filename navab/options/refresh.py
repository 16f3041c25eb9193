"""Scheduled refresh."""

from __future__ import annotations

from navab.options.section import Section


class GatesSection(Section):
    """Quality gates of a refresh; their keys come with the refresh itself."""
