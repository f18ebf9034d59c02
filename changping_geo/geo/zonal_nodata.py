"""What means nothing in a raster: its own value, those its layer declares, NaN, and a mask band."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from changping_geo.geo.zonal_raster import Blocks, Window


@dataclass(frozen=True, slots=True)
class Nothing:
    """Which cells have no value.

    Attributes
    ----------
    values : tuple of float
        Beside NaN. [unit of the cells]
    mask : bool
        Whether the raster has a mask band.
    known : bool
        Whether anything was declared at all.
    """

    values: tuple[float, ...]
    mask: bool
    known: bool

    def masked(self, blocks: Blocks, window: Window) -> NDArray[np.bool_] | None:
        """Return what the mask band takes out of a window; None without a mask band."""
        if not self.mask:
            return None
        band: NDArray[np.uint8] = np.asarray(blocks.read_masks(1, window=window))  # type: ignore[attr-defined]
        return np.equal(band, 0)

    def cells(self, block: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Return where a block has no value, by its values and what `masked` gave; None if it has one everywhere."""
        out = mask
        found = [block == block.dtype.type(v) for v in self.values if fits(v, block.dtype)]
        if block.dtype.kind == "f":
            found.append(np.isnan(block))
        for empty in found:
            out = empty if out is None else out | empty
        return out


def nothing_of(blocks: Blocks, extra: Sequence[float] | None) -> Nothing:
    """Return what means nothing in a raster.

    Parameters
    ----------
    blocks : Blocks
        Its own ``nodata`` and mask band count.
    extra : sequence of float, optional
        Further values that its layer declares. An empty one says that every cell has a value. [unit of the cells]

    Raises
    ------
    ParameterError
        If a further value is no number.
    """
    if extra is not None and not all(isinstance(v, int | float | np.number) for v in extra):
        raise ParameterError(f"values for 'nothing here' must be numbers, not {list(extra)!r}")
    own = blocks.nodata
    flags = getattr(blocks, "mask_flag_enums", ((),))[0]
    mask = any(flag.name in {"per_dataset", "alpha"} for flag in flags)
    values = [*([] if own is None else [float(own)]), *(float(v) for v in extra or ())]
    return Nothing(tuple(v for v in values if not math.isnan(v)), mask, own is not None or extra is not None or mask)


def fits(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether cells of a type can hold a value."""
    if dtype.kind == "f":
        return True
    info = np.iinfo(dtype)
    return float(value).is_integer() and info.min <= value <= info.max


def refuse_nodata_class(nothing: Nothing, classes: Sequence[int]) -> None:
    """Refuse a raster in which a class has the value that means nothing.

    Raises
    ------
    ColumnError
        With the code.
    """
    both = sorted(set(classes) & set(nothing.values))
    if both:
        codes = ", ".join(f"{v:g}" for v in both)
        raise ColumnError(
            f"the value {codes} stands for 'nothing here' and for a class, so the two cannot be told apart; "
            "set another nodata value in the file, or take the class out"
        )
