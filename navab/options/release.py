"""Triples and their release."""

from __future__ import annotations

from pydantic import Field

from navab.options.section import Section


class TriplesSection(Section):
    """Triples and their split."""

    test_share: float = Field(0.2, ge=0, le=1, description="Share of leakage groups in the test split")


class ReleaseSection(Section):
    """The released benchmark."""

    name: str = Field("benchmark", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Folder below LAKE/releases")
    version: str = Field("1.0", description="Version of the benchmark")
    licence: str = Field("other", description="Licence of the release, as the dataset card states it")
    contact: str | None = Field(None, description="Whom to ask for a takedown")
    include_text: bool = Field(False, description="Release the articles' texts as well")
    without_conflict_reduction: bool = Field(False, description="Add the subset of all statements")
