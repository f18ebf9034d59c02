"""How the polygons of a layer lie to each other and to the district: overlaps, gaps, equal shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from changping_geo.layers.faults import Faults, rows_text
from changping_geo.model import GeometryError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.spec import LayerSpec
    from changping_geo.model import Ledger

# Gaps, overlaps and area beyond the district are accepted up to this share of the district. [1]
TOLERANCE = 1e-3


def hold_topology(
    spec: LayerSpec,
    shapes: NDArray[np.object_],
    rows: NDArray[np.intp],
    district: BaseGeometry | None,
    faults: Faults,
    ledger: Ledger,
) -> None:
    """Report equal shapes and overlaps, and refuse towns that do not tile the district.

    Parameters
    ----------
    spec : LayerSpec
        The contract.
    shapes : ndarray of shapely geometries, shape (n,)
        Valid shapes of the rows that are kept. [m]
    rows : ndarray of int, shape (n,)
        Their rows in the source, from 0.
    district : Polygon or MultiPolygon, optional
        The outline. [m]
    faults, ledger
        Receive what is refused, and notes.
    """
    if not shapes.size:
        return
    _note_equal(shapes, rows, ledger)
    tiles = spec.topology == "tiles_district"
    if spec.geometry != "polygon" or (spec.overlap and not tiles):
        return
    pairs, areas = overlaps(shapes)
    if areas.size:
        worst = int(np.argmax(areas))
        ledger.notes.append(
            f"{areas.size} pairs of shapes overlap by {areas.sum():,.3f} m2 in all; the largest overlap, "
            f"{areas[worst]:,.3f} m2, is of rows {rows[pairs[0, worst]] + 1} and {rows[pairs[1, worst]] + 1}"
        )
    if tiles and district is not None:
        _hold_tiling(shapes, float(areas.sum()), district, faults, ledger)


def overlaps(shapes: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the pairs of polygons that share area.

    Returns
    -------
    pairs : ndarray of int, shape (2, k)
        Positions of the shapes, the smaller first.
    areas : ndarray of float, shape (k,)
        Shared areas. [m2]
    """
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = pairs[:, pairs[0] < pairs[1]]
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    areas = shapely.area(shapely.intersection(shapes[pairs[0]], shapes[pairs[1]]))
    # Rounding along a shared edge is no overlap: a tenth of a micrometre over its length at most.
    real = areas > 1e-7 * shapely.length(shapes[pairs[0]])
    return pairs[:, real], areas[real]


def _hold_tiling(
    shapes: NDArray[np.object_], overlap: float, district: BaseGeometry, faults: Faults, ledger: Ledger
) -> None:
    union = shapely.union_all(shapes)
    gap = district.difference(union).area
    beyond = union.difference(district).area
    told = f"gaps {gap:,.3f} m2, overlaps {overlap:,.3f} m2, beyond the district {beyond:,.3f} m2"
    ledger.notes.append(f"tiling of the district: {told}")
    if max(gap, overlap, beyond) > TOLERANCE * district.area:
        faults.add(
            GeometryError,
            f"the shapes do not tile the district: {told}, of {district.area:,.0f} m2; accepted is a share of "
            f"{TOLERANCE:g}. Mend borders so that neighbours share their edges, or deliver the outline that they fill",
        )


def _note_equal(shapes: NDArray[np.object_], rows: NDArray[np.intp], ledger: Ledger) -> None:
    wkb = shapely.to_wkb(shapely.normalize(shapes))
    _, first, inverse, counts = np.unique(
        wkb.astype(object), return_index=True, return_inverse=True, return_counts=True
    )
    again = (counts[inverse] > 1) & (first[inverse] != np.arange(wkb.size))
    if again.any():
        mask = np.zeros(int(rows.max()) + 1, dtype=bool)
        mask[rows[again]] = True
        ledger.notes.append(f"{int(again.sum())} shapes stand in the layer before, exactly equal: {rows_text(mask)}")
