"""The coordinate system in which a hand-off is asked for, and the way to it: right, or refused.

CGCS2000 and WGS84 differ by less than a metre and count as one. Beijing 1954, Xian 1980 and local city systems are
reached by no published transformation; PROJ would shift by nothing and say nothing. They are taken only with parameters
of their own.

References
----------
EPSG Guidance Note 7-2; GB/T 17278 on Gauss-Kruger zones: with a zone in front, eastings have eight digits.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError
from pyproj.transformer import TransformerGroup

from changping_geo.model import CrsError

if TYPE_CHECKING:
    import geopandas as gpd

log = logging.getLogger(__name__)

WGS84 = "EPSG:4326"
OFFERED = "a CGCS2000 zone (EPSG:4491 to EPSG:4554), EPSG:4490, EPSG:4326, or a file with WKT"
# Datums realised by satellites: they count as one at the scale of a plan.
_GEOCENTRIC = (
    "China 2000",
    "World Geodetic System 1984",
    "WGS 84",
    "International Terrestrial Reference Frame",
    "ITRF",
)
MAX_WKT_BYTES = 65_536
MAX_PATH = 250


def target_crs(text: str, source: str) -> CRS:
    """Return the coordinate system that somebody asks for.

    Parameters
    ----------
    text : str
        An authority code, or the path of a file that holds WKT or a PROJ string.
    source : str
        The CRS in which the layers are.

    Raises
    ------
    CrsError
        If it is no coordinate system, or no known way leads to it from `source`.
    """
    try:
        crs = CRS.from_user_input(_text(text))
    except ProjError as error:
        raise CrsError(f"--crs {text!r} is no coordinate system; give {OFFERED}") from error
    if not (crs.is_projected or crs.is_geographic) or len(crs.axis_info) != 2:  # noqa: PLR2004 - east and north
        raise CrsError(f"--crs {text!r} ({crs.name}) is no plane or geographic system; give {OFFERED}")
    if not is_reachable(crs, CRS(source)):
        raise CrsError(
            f"--crs {text!r}: no published transformation leads from {CRS(source).name} to {crs.name}; coordinates "
            "would be tens of metres off without a word. Give a file with WKT or a PROJ string that carries the seven "
            "parameters (+towgs84=dx,dy,dz,rx,ry,rz,s; all zero where the datum is CGCS2000), or take " + OFFERED
        )
    return crs


def is_reachable(target: CRS, source: CRS) -> bool:
    """Return whether coordinates can be brought from `source` to `target` without guessing the shift of the datum."""
    if target.is_bound or (_geocentric(source) and _geocentric(target)):
        return True
    ways = TransformerGroup(source, target, always_xy=True).transformers
    return bool(ways) and ways[0].accuracy >= 0


def to_target(data: gpd.GeoDataFrame, target: CRS) -> gpd.GeoDataFrame:
    """Return a layer in the target CRS; x is the easting, whatever order of axes the CRS names.

    Parameters
    ----------
    data : GeoDataFrame, shape (n, m)
        Rows with a CRS.
    target : CRS
        As `target_crs` returned it.
    """
    if data.crs == target:
        return data
    if target.is_bound:
        # The parameters lead from WGS84; taken in one step from another datum, PROJ would leave them out.
        data = data.to_crs(WGS84)
    out = data.to_crs(target)
    _warn_outside(data, target)
    return out


def _warn_outside(data: gpd.GeoDataFrame, target: CRS) -> None:
    area = target.area_of_use
    if area is None or not len(data):
        return
    west, south, east, north = data.to_crs(WGS84).total_bounds
    middle = ((west + east) / 2, (south + north) / 2)
    if not (area.west <= middle[0] <= area.east and area.south <= middle[1] <= area.north):
        log.warning("%s is made for another area (%s); distances in it are distorted here", target.name, area.name)


def _geocentric(crs: CRS) -> bool:
    datum = crs.datum
    names = (datum.name if datum is not None else "", crs.geodetic_crs.name if crs.geodetic_crs is not None else "")
    return not crs.is_bound and any(name.startswith(_GEOCENTRIC) for name in names)


def _text(text: str) -> str:
    path = Path(text)
    if len(text) > MAX_PATH or not path.is_file():
        return text
    if path.stat().st_size > MAX_WKT_BYTES:
        raise CrsError(f"--crs {text!r} is too large for a file with WKT; give {OFFERED}")
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CrsError(f"--crs {text!r} cannot be read as text: {error}; give {OFFERED}") from error
