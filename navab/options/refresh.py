"""Scheduled refresh: the gates before a release, and how many releases are kept."""

from __future__ import annotations

from pydantic import Field

from navab.options.section import Section


class GatesSection(Section):
    """Quality gates of a refresh: what must hold before it releases; conservation and consistency always must."""

    min_triples: int = Field(1, ge=0, description="Triples that every nation's release must have at least")
    max_withdrawn: float = Field(
        0.2, ge=0, le=1, description="Share of a nation's triples in the last release that may be missing from the next"
    )
    max_topic_drift: float = Field(
        0.3, ge=0, le=1, description="How far a nation's shares of topics may move: Jensen-Shannon divergence, in bits"
    )
    max_source_drift: float = Field(0.3, ge=0, le=1, description="The same of the shares of outlets")
    drift_from: int = Field(100, ge=1, description="Drift counts where a nation has so many triples, before and after")


class RefreshSection(Section):
    """Scheduled refresh."""

    keep_releases: int | None = Field(
        None, ge=1, description="So many revisions of the release are kept, withdrawn ones not counted; absent: all"
    )
