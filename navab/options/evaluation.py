"""Evaluation of models."""

from __future__ import annotations

from navab.options.section import Section


class EvaluationSection(Section):
    """Evaluation of models; its keys come with the evaluation itself."""
