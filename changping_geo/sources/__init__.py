"""Where data come from when nobody delivered any.

A provider is a function ``(context) -> GeoDataFrame | DataFrame | DataArray`` named ``module.function`` in a layer's
TOML. It returns the canonical columns in the workspace's metric CRS; its result passes the same contract as a file.
The result's status is the weakest of its source's and of the layers that it asked for. A module whose results rest on
other folders of the package than this one names them: ``CODE = ("solar",)``; one that works for minutes says
``SLOW = True``, and its layer is made when it is asked for by name or by an analysis, not for a list of layers.
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
    from pathlib import Path

    from changping_geo.model import Frame


def _nothing(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may see: the frame, other canonical layers, and its own random numbers.

    Attributes
    ----------
    frame : Frame
        Name, CRS and seed of the workspace.
    layer : callable
        ``layer("towns")`` gives the canonical data of another layer (frame or DataArray).
    cache : Path, optional
        A folder for unfinished work, under a key of all that the result rests on; removed when the result is kept.
    has : callable
        ``has("dsm")`` tells whether a layer has data, for layers that a provider can do without.
    """

    frame: Frame
    layer: Callable[[str], Any]
    cache: Path | None = None
    has: Callable[[str], bool] = _nothing

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
