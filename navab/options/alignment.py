"""Alignment of models."""

from __future__ import annotations

from navab.options.section import Section


class AlignmentSection(Section):
    """Alignment of models; its keys come with the alignment itself."""
