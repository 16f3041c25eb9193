"""Embeddings, topics and screening."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from navab.options.section import Section


class EmbedderSection(Section):
    """Sentence embeddings."""

    kind: Literal["use", "sentence-transformers"] = Field("use", description="use needs no download")
    model: str | None = Field(None, description="Path or hub id, for sentence-transformers")
    precision: Literal["auto", "float32", "float16"] = Field(
        "auto", description="Of sentence-transformers; auto: float16 on a GPU, else float32"
    )
    batch: int | None = Field(None, ge=1, description="Texts at a time; absent: 64 on a GPU, else 1")
    lead_chars: int = Field(600, ge=50, description="Characters of title and lead that are embedded")


class TopicsSection(Section):
    """Topic model: UMAP and HDBSCAN on a sample, vector search for the rest."""

    sample: int = Field(20_000, ge=10, description="Articles a nation that the model is fitted on")
    min_cluster_size: int = Field(15, ge=2, description="Smallest topic in the sample")
    neighbors: int = Field(15, ge=2, description="UMAP neighbourhood")


class ScreeningSection(Section):
    """What is value-sensitive."""

    keep: Literal["sensitive", "all"] = Field("sensitive", description="all: screening decides nothing")
    threshold: float = Field(0.0, ge=-1, le=1, description="Sensitivity from which an article is kept")
