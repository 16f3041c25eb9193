"""What a run may use."""

from __future__ import annotations

from pydantic import Field

from navab.options.section import Section


class ResourcesSection(Section):
    """What a run may use."""

    num_cpus: int | None = Field(None, ge=1, description="Logical CPUs of a local Ray; absent: the machine's")
    address: str | None = Field(None, description="Ray cluster; absent: RAY_ADDRESS or a local Ray")
    shared_filesystem: bool = Field(False, description="All nodes of the cluster see a local lake's folder")
    commit_interval_s: float = Field(5.0, gt=0, description="Seconds between commits of finished files")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port at which the driver answers Prometheus while it runs; absent: none"
    )
    unit_rows: int = Field(512, ge=1, description="Rows of one unit of work")
    topic_fits: int = Field(1, ge=1, description="Topic models fitted at a time: a crash costs as many of them")
