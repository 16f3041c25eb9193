"""Object storage, and what is kept there."""

from __future__ import annotations

from pydantic import Field

from navab.options.section import Section


class StorageSection(Section):
    """Object storage; credentials come from environment, profile or instance role only."""

    endpoint_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="S3-compatible endpoint, e.g. http://127.0.0.1:8333",
    )
    region: str | None = Field(None, description="Region of the store")
    retry_s: float = Field(60.0, ge=0, description="Seconds for which a store that does not answer is asked again")


class MaintenanceSection(Section):
    """What `navab maintain` keeps and how large it makes files."""

    retention_hours: int = Field(168, ge=0, description="Old versions stay readable for so long")
    merge_mb: int = Field(4, ge=0, description="Runs merge files smaller than this, sixteen at a time; 0: never")
    small_files: int = Field(
        256, ge=0, description="Runs merge small files of a table down to so many, once it has twice"
    )
    target_mb: int = Field(128, ge=1, description="Small files are merged up to this size")
