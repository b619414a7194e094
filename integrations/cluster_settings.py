"""The settings of a cluster of servers."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from chimera_metrics.integrations.errors import SettingsError


class ClusterSettings(BaseModel):
    """Which cluster the tables are on; none for an embedded store or a single server."""

    cluster: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$", description="cluster whose replicas keep the tables"
    )

    sharded: bool = Field(default=False, description="spread the rows of facts and rollups over the cluster's shards")

    @property
    def on_shards(self) -> bool:
        """Whether rows are spread over the shards of a cluster."""
        return self.cluster is not None and self.sharded

    @field_validator("cluster", mode="before")
    @classmethod
    def _blank_cluster_is_unset(cls, value: Any) -> Any:
        return value.strip() or None if isinstance(value, str) else value

    @model_validator(mode="after")
    def _cluster_has_servers(self) -> Self:
        if self.cluster is not None and getattr(self, "host", None) is None:
            raise SettingsError(
                f"CH_CLUSTER names the cluster {self.cluster}, but CH_HOST is not set: set it to one of the cluster's "
                "servers, or unset CH_CLUSTER to use the embedded store."
            )
        if self.sharded and self.cluster is None:
            raise SettingsError(
                "CH_SHARDED is set, but CH_CLUSTER is not: name the cluster whose shards take the rows, or unset "
                "CH_SHARDED."
            )
        return self
