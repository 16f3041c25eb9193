"""The base of all sections of the configuration."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, field_validator

_USER_IN_ADDRESS = re.compile(r"://[^/@\s]+@")


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_credentials(cls, value: object) -> object:
        """Configurations are kept in run records and manifests, and error messages quote them."""
        if isinstance(value, str) and _USER_IN_ADDRESS.search(value):
            raise ValueError(
                "an address must not hold credentials: take 'user:password@' out; they come from the environment, a "
                "profile or a role"
            )
        return value
