"""The one base of everything that is stored or configured: frozen, strict about keys, with a digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that can be printed, stored, compared and sent to another machine."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
        validate_default=True,  # so that a field's default may be a bare value, and keeps its bounds
    )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: the same on every machine for equal values."""
        return digest(self.model_dump(mode="json"))


def canonical_json(value: Any) -> str:
    """Write JSON one way only: sorted keys, no spaces, shortest round-trip floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON value's canonical form."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
