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
    gpus: float = Field(
        0, ge=0, le=1, description="Share of a GPU for each worker that embeds; sentence-transformers only"
    )
    lead_chars: int = Field(600, ge=50, description="Characters of title and lead that are embedded")


class DriftSection(Section):
    """When a topic model no longer fits what comes in."""

    growth: float = Field(
        0.1, gt=0, description="Growth of a nation's articles after which its model is measured again"
    )
    articles: int = Field(100, ge=1, description="New articles below which nothing is measured")
    outlier_share: float = Field(0.15, gt=0, le=1, description="Share of new articles outside every topic's limit")
    movement: float = Field(0.15, gt=0, le=1, description="Distance (1 - cosine) that centroids moved, on average")
    new_regions: int = Field(3, ge=1, description="Dense groups among the outliers")


class TopicsSection(Section):
    """Topic model: communities of a sample, vector search for the rest, tags for outliers."""

    sample: int = Field(20_000, ge=10, description="Articles a nation that the model is fitted on")
    clustering: Literal["communities", "density"] = Field(
        "communities", description="communities: Leiden on the neighbour graph; density: UMAP and HDBSCAN, as the paper"
    )
    min_cluster_size: int = Field(15, ge=2, description="Smallest topic in the sample")
    neighbors: int = Field(30, ge=2, description="Neighbours of an article in the graph, or of UMAP")
    resolution: float = Field(1.5, gt=0, description="Of communities: more gives more, smaller topics")
    tagged: int = Field(500, ge=0, description="Outliers of the sample that an engine tags; 0: none")
    min_tag_size: int = Field(5, ge=2, description="Smallest topic of tagged outliers")
    tag_similarity: float = Field(0.75, gt=0, le=1, description="Cosine from which two tags mean the same")
    drift: DriftSection = DriftSection()


class ScreeningSection(Section):
    """What is value-sensitive."""

    keep: Literal["sensitive", "all"] = Field("sensitive", description="all: screening decides nothing")
    threshold: float = Field(0.2, ge=-1, le=1, description="Sensitivity from which an article is kept")
    judge: Literal["embedding", "engine"] = Field(
        "embedding", description="engine: articles near the threshold are put to the engine, which must be a model"
    )
    margin: float = Field(0.3, ge=0, le=2, description="How near the threshold an article is put to the engine")
