"""Rasters on a page: warped to the map's own projection, painted by class, their values at hand."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from pyproj import Transformer
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject

from changping_geo.present.headings import Heading
from changping_geo.present.map_grid import MIN_PUBLIC_M
from changping_geo.present.map_layers import legend_of, titled
from changping_geo.present.map_packed import stream
from changping_geo.present.mapspec import Coloured
from changping_geo.present.units import ladder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.made import Grid
    from changping_geo.model import Run
    from changping_geo.present.mapspec import Drawn, MapSpec

MERCATOR = "EPSG:3857"
_PICTURE_PX, _VALUES_PX = 1600, 420
_CLEAR = 255


@dataclass(frozen=True, slots=True)
class Warped:
    """Cells in web Mercator.

    Attributes
    ----------
    cells : array, shape (rows, columns)
        Values, north at the top; NaN where there is none. [the raster's unit]
    bounds : list
        South-west and north-east corner, latitude first. [degrees]
    """

    cells: NDArray[np.float64]
    bounds: list[list[float]]


def warp(data: xr.DataArray, most_px: int, *, classes: bool, least_m: float = 0.0) -> Warped:
    """Warp a raster to web Mercator, no finer than it is and no larger than asked for.

    Parameters
    ----------
    data : DataArray, shape (rows, columns)
        As `changping_geo.layers.rasters.as_dataarray` makes it.
    most_px : int
        Longest side. [px]
    classes : bool
        Codes: the nearest cell, or the most common one where cells are gathered; otherwise the average.
    least_m : float
        Least side of a cell on the ground. [m]
    """
    cells = np.asarray(data.values, dtype=np.float64)
    nodata = data.attrs.get("nodata")
    if nodata is not None:
        cells = np.where(cells == nodata, np.nan, cells)
    transform, crs = Affine(*data.attrs["transform"][:6]), data.attrs["crs"]
    rows, columns = cells.shape
    bounds = array_bounds(rows, columns, transform)
    target, width, height = calculate_default_transform(crs, MERCATOR, columns, rows, *bounds)
    back = Transformer.from_crs(MERCATOR, "EPSG:4326", always_xy=True)
    _, latitude = back.transform(target.c, target.f + target.e * height / 2)
    coarser = max(max(width, height) / most_px, least_m / np.cos(np.radians(latitude)) / target.a, 1.0)
    gathered = coarser * target.a > 1.5 * abs(transform.a) / np.cos(np.radians(latitude))
    if coarser > 1:
        target, width, height = calculate_default_transform(
            crs, MERCATOR, columns, rows, *bounds, resolution=coarser * target.a
        )
    way = (
        (Resampling.mode if classes else Resampling.average)
        if gathered
        else (Resampling.nearest if classes else Resampling.bilinear)
    )
    out = np.full((height, width), np.nan)
    reproject(
        cells,
        out,
        src_transform=transform,
        src_crs=crs,
        src_nodata=np.nan,
        dst_transform=target,
        dst_crs=MERCATOR,
        dst_nodata=np.nan,
        resampling=way,
    )
    west, south, east, north = array_bounds(height, width, target)
    (west, east), (south, north) = back.transform([west, east], [south, north])
    return Warped(out, [[south, west], [north, east]])


def png(index: NDArray[np.uint8], palette: Sequence[tuple[int, int, int, int]]) -> str:
    """Return an indexed picture as a ``data:`` address.

    Parameters
    ----------
    index : array of uint8, shape (rows, columns)
        Number of a colour of the palette. [1]
    palette : sequence of (int, int, int, int)
        Red, green, blue and opacity, 0 to 255; at most 256 of them.
    """
    rows, columns = index.shape
    bits = next(b for b in (1, 2, 4, 8) if len(palette) <= 1 << b)
    per_byte = 8 // bits
    padded = np.zeros((rows, -(-columns // per_byte) * per_byte), dtype=np.uint8)
    padded[:, :columns] = index
    packed = np.zeros((rows, padded.shape[1] // per_byte), dtype=np.uint8)
    for place in range(per_byte):
        packed |= padded[:, place::per_byte] << (8 - bits * (place + 1))
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), packed], axis=1).tobytes()
    colours = np.array(palette, dtype=np.uint8)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, bits, 3, 0, 0, 0)),
        (b"PLTE", colours[:, :3].tobytes()),
        (b"tRNS", colours[:, 3].tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode("ascii")


def raster_card(run: Run, spec: MapSpec, drawn: Drawn, grid: Grid) -> dict[str, Any]:
    """Return the card of a raster: picture, place, legend, and its values for the pointer.

    Parameters
    ----------
    run : Run
        The run, for the labels of a layer of classes.
    spec : MapSpec
        The page; a public one shows cells of 500 m at the finest.
    drawn : Drawn
        The layer of the page.
    grid : Grid
        The raster.
    """
    known = class_labels(run, drawn, grid)
    least = MIN_PUBLIC_M if spec.use == "public" else 0.0
    picture = warp(grid.data, _PICTURE_PX, classes=bool(known), least_m=least)
    values = warp(grid.data, _VALUES_PX, classes=bool(known), least_m=least)
    title = titled(drawn, (grid.title_zh, grid.title_en))
    if known:
        colours = [colour for _, _, colour in known.values()]
        labels = ([zh for zh, _, _ in known.values()], [en for _, en, _ in known.values()])
        legend = {"kind": "words", "title": title, "unit": ("", ""), "colours": colours, "labels": labels}
        index = _index(picture.cells, list(known))
    else:
        palette = grid.palette if drawn.palette == "amber" else drawn.palette
        coloured = Coloured(drawn.key, drawn.layer, palette, drawn.kind, drawn.classes)
        classes, legend = legend_of(
            Heading(drawn.key, *title, grid.unit), coloured, picture.cells[np.isfinite(picture.cells)]
        )
        colours = list(classes.colours)
        found = classes.index(picture.cells.ravel()).reshape(picture.cells.shape)
        index = np.where(found < 0, len(colours), found).astype(np.uint8)
    return {
        "name": drawn.key,
        "draw": "raster",
        "title": title,
        "group": drawn.group,
        "show": drawn.show,
        "opacity": drawn.opacity,
        "min_zoom": drawn.min_zoom,
        "max_zoom": drawn.max_zoom,
        "squares": None,
        "status": None,
        "legend": legend,
        "picture": png(index, [*(rgba(colour) for colour in colours), (0, 0, 0, 0)]),
        "bounds": picture.bounds,
        "crisp": bool(known),
        "values": _values(values, list(known)) | {"ladder": ladder(grid.unit), "whole": False, "label": title},
    }


def class_labels(run: Run, drawn: Drawn, grid: Grid) -> dict[int, tuple[str, str, str]]:
    """Return label pair and colour by code, for a raster of classes; empty for amounts."""
    if not drawn.colours:
        return grid.classes
    card = next(iter(run.columns.get(drawn.layer, {}).values()), None)
    words: Mapping[str, tuple[str, str]] = card.values if card is not None else {}
    own = {str(code): (zh, en) for code, (zh, en, _) in grid.classes.items()}
    labels = {**{code: (code, code) for code in drawn.colours}, **words, **own}
    return {int(code): (*labels[code], colour) for code, colour in drawn.colours.items()}


def rgba(colour: str, opacity: int = 255) -> tuple[int, int, int, int]:
    """Return ``#rrggbb`` as four numbers from 0 to 255."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, opacity


def _index(cells: NDArray[np.float64], codes: list[int]) -> NDArray[np.uint8]:
    """Return the place of each cell's code in the list; one past its end where the code is not listed."""
    index = np.full(cells.shape, len(codes), dtype=np.uint8)
    for place, code in enumerate(codes):
        index[cells == code] = place
    return index


def _values(warped: Warped, codes: list[int]) -> dict[str, Any]:
    """Pack cells as whole steps above the lowest; 0 stands for none."""
    cells = warped.cells
    place = {"rows": cells.shape[0], "columns": cells.shape[1], "bounds": warped.bounds}
    if codes:
        index = _index(cells, codes).astype(np.int64) + 1
        return {
            **place,
            "codes": len(codes),
            "digits": 0,
            "low": 1,
            "data": stream(np.where(index > len(codes), 0, index).ravel()),
        }
    known = np.isfinite(cells)
    most = float(np.abs(cells[known]).max()) if known.any() else 1.0
    digits = int(np.clip(2 - np.floor(np.log10(most)) if most > 0 else 0, 0, 6))
    steps = np.rint(np.where(known, cells, 0.0) * 10.0**digits).astype(np.int64)
    low = int(steps[known].min()) if known.any() else 0
    return {
        **place,
        "codes": 0,
        "digits": digits,
        "low": low,
        "data": stream(np.where(known, steps - low + 1, 0).ravel()),
    }
