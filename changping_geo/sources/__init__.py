"""Where data come from when nobody delivered any.

A provider is a function ``(context) -> GeoDataFrame | DataFrame | DataArray`` named ``module.function`` in a layer's
TOML. It returns the canonical columns in the workspace's metric CRS; its result passes the same contract as a file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.model import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from changping_geo.model import Frame


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may see: the frame, other canonical layers, and its own random numbers.

    Attributes
    ----------
    frame : Frame
        Name, CRS and seed of the workspace.
    layer : callable
        ``layer("towns")`` gives the canonical data of another layer (frame or DataArray).
    """

    frame: Frame
    layer: Callable[[str], Any]

    def rng(self, *names: object) -> np.random.Generator:
        """Return a generator that depends on the seed and the names only, not on what was drawn before."""
        text = "/".join(str(n) for n in (self.frame.seed, *names))
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))


def provider(name: str) -> Callable[[Context], Any]:
    """Return the provider called ``module.function``.

    Raises
    ------
    SpecError
        If there is none of that name.
    """
    module, _, function = name.rpartition(".")
    try:
        found: Callable[[Context], Any] = getattr(import_module(f"{__name__}.{module}"), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(f"unknown provider {name!r}: {error}") from error
    return found
