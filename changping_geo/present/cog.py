"""Cloud-optimised GeoTIFF with colours: a colour table or amounts with statistics, a QML and an attribute table beside.

References
----------
OGC 21-026, Cloud Optimized GeoTIFF Standard 1.0. The attribute table is GDAL's, in ``<name>.tif.aux.xml``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
import rasterio.errors
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster
from rasterio.transform import Affine, array_bounds
from rasterio.warp import calculate_default_transform, reproject

from changping_geo.layers.rasters import as_dataarray
from changping_geo.model import ResultError
from changping_geo.present.gisrasters import valid_cells
from changping_geo.present.style import DOCTYPE, shown_text
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.present.gisrasters import GisRaster

BLOCK = 512
NODATA_AMOUNT = -9999.0
NODATA_CLASS = 255
# GDAL's uses of a column of an attribute table: value, count, name, red, green, blue.
_RAT = (("Value", 0, 5), ("Count", 0, 1), ("Class_zh", 2, 2), ("Class_en", 2, 0), ("R", 0, 6), ("G", 0, 7), ("B", 0, 8))


def write_cog(raster: GisRaster, path: Path) -> list[Path]:
    """Write a raster with its legend.

    Parameters
    ----------
    raster : GisRaster
        The raster; classes are 0 to 254.
    path : Path
        The ``.tif``.

    Returns
    -------
    list of Path
        The ``.tif``, the ``.qml``, and for classes the ``.tif.aux.xml``.

    Raises
    ------
    ResultError
        If codes of classes do not fit into a byte, or the file cannot be written.
    """
    cells, nodata = _cells(raster)
    files = [path, path.with_suffix(".qml")]
    try:
        _write_tiff(raster, cells, nodata, path)
        files[1].write_text(raster_qml(raster), encoding="utf-8", newline="\n")
        if raster.of_classes:
            files.append(path.with_name(f"{path.name}.aux.xml"))
            files[2].write_text(_attribute_table(raster, cells), encoding="utf-8", newline="\n")
    except (rasterio.errors.RasterioError, OSError) as error:
        raise ResultError(f"{path} could not be written: {error}; check free space and permissions") from error
    return files


def warped(raster: GisRaster, crs: str) -> GisRaster:
    """Return a raster in another CRS: classes by the nearest cell, amounts bilinearly.

    Parameters
    ----------
    raster : GisRaster
        The raster.
    crs : str
        Authority code or WKT.
    """
    data = raster.data
    source, place = data.attrs["crs"], Affine(*data.attrs["transform"])
    rows, columns = data.shape
    bounds = array_bounds(rows, columns, place)
    transform, width, height = calculate_default_transform(source, crs, columns, rows, *bounds)
    cells, nodata = _cells(raster)
    out = np.full((height, width), nodata, dtype=cells.dtype)
    how = Resampling.nearest if raster.of_classes else Resampling.bilinear
    edges = {"src_transform": place, "src_crs": source, "dst_transform": transform, "dst_crs": crs}
    reproject(cells, out, src_nodata=nodata, dst_nodata=nodata, resampling=how, **edges)
    return replace(raster, data=as_dataarray(out, tuple(transform), crs, nodata, raster.name))


def read_cog(path: Path) -> xr.DataArray:
    """Read the first band of a raster that `write_cog` wrote."""
    with rasterio.open(path, driver="GTiff") as file:
        code = file.crs.to_epsg() if file.crs else None
        crs = f"EPSG:{code}" if code else (file.crs.to_wkt() if file.crs else "")
        return as_dataarray(file.read(1), tuple(file.transform), crs, file.nodata, path.stem)


def raster_qml(raster: GisRaster) -> str:
    """Return the legend of a raster as QGIS reads it from a ``.qml`` file."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="AllStyleCategories")
    fill_in_raster(root, raster)
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def fill_in_raster(root: ET.Element, raster: GisRaster) -> None:
    """Put the legend of a raster into an element of QGIS: the root of a QML, or a layer of a project."""
    pipe = ET.SubElement(root, "pipe")
    kind = "paletted" if raster.of_classes else "singlebandpseudocolor"
    renderer = ET.SubElement(pipe, "rasterrenderer", type=kind, band="1", opacity="1", alphaBand="-1", nodataColor="")
    ET.SubElement(renderer, "rasterTransparency")
    if raster.of_classes:
        palette = ET.SubElement(renderer, "colorPalette")
        for rule in raster.rules:
            entry = {"value": rule.word or "", "label": shown_text(rule.label), "color": rule.colour, "alpha": "255"}
            ET.SubElement(palette, "paletteEntry", entry)
    else:
        _amounts(renderer, raster)
    ET.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ET.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ET.SubElement(root, "blendMode").text = "0"


def _amounts(renderer: ET.Element, raster: GisRaster) -> None:
    cells = raster.data.to_numpy()[valid_cells(raster.data)]
    low, high = (float(cells.min()), float(cells.max())) if cells.size else (0.0, 1.0)
    renderer.set("classificationMin", repr(low))
    renderer.set("classificationMax", repr(high))
    shader = ET.SubElement(ET.SubElement(renderer, "rastershader"), "colorrampshader", colorRampType="DISCRETE")
    shader.attrib |= {"classificationMode": "2", "clip": "0", "minimumValue": repr(low), "maximumValue": repr(high)}
    shader.set("labelPrecision", "4")
    for rule in raster.rules:
        # A class of QGIS holds its upper end; so that is the number just below the break.
        end = "inf" if math.isinf(rule.high) else repr(math.nextafter(rule.high, -math.inf))
        ET.SubElement(shader, "item", value=end, label=shown_text(rule.label), color=rule.colour, alpha="255")


def _cells(raster: GisRaster) -> tuple[NDArray[np.generic], float]:
    """Return the cells as they are stored, and what stands for nothing."""
    cells, valid = raster.data.to_numpy(), valid_cells(raster.data)
    if not raster.of_classes:
        return np.where(valid, cells, NODATA_AMOUNT).astype(np.float32), NODATA_AMOUNT
    found = np.unique(cells[valid])
    codes = [int(rule.word or 0) for rule in raster.rules]
    strange = [float(code) for code in found if code not in codes]
    if strange or min(codes) < 0 or max(codes) >= NODATA_CLASS:
        raise ResultError(
            f"the raster {raster.name!r}: classes are 0 to {NODATA_CLASS - 1}, each with a label; "
            f"cells without a label: {strange[:10]}"
        )
    return np.where(valid, cells, NODATA_CLASS).astype(np.uint8), NODATA_CLASS


def _write_tiff(raster: GisRaster, cells: NDArray[np.generic], nodata: float, path: Path) -> None:
    place = {"crs": raster.data.attrs["crs"], "transform": Affine(*raster.data.attrs["transform"])}
    rows, columns = cells.shape
    profile = {"height": rows, "width": columns, "count": 1, "dtype": cells.dtype.name, "nodata": nodata, **place}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **profile) as file:
            file.write(cells, 1)
            file.set_band_description(1, writable(raster.title_zh))
            file.update_tags(TITLE=writable(raster.title_zh), TITLE_EN=writable(raster.title_en))
            file.update_tags(DATA_STATUS=raster.status.word)
            if raster.of_classes:
                colours = {int(rule.word or 0): (*_rgb(rule.colour), 255) for rule in raster.rules}
                file.write_colormap(1, colours | {NODATA_CLASS: (0, 0, 0, 0)})
            else:
                file.set_band_unit(1, writable(raster.unit))
                file.update_tags(1, **_statistics(cells[cells != nodata]))
        copy_raster(
            memory.name,
            str(path),
            driver="COG",
            COMPRESS="DEFLATE",
            PREDICTOR="NO" if raster.of_classes else "YES",
            BLOCKSIZE=BLOCK,
            OVERVIEWS="AUTO",
            RESAMPLING="MODE" if raster.of_classes else "AVERAGE",
            NUM_THREADS="1",
        )


def _statistics(cells: NDArray[np.generic]) -> dict[str, str]:
    if not cells.size:
        return {}
    numbers = cells.astype(float)
    values = {"MINIMUM": numbers.min(), "MAXIMUM": numbers.max(), "MEAN": numbers.mean(), "STDDEV": numbers.std()}
    return {f"STATISTICS_{name}": repr(float(value)) for name, value in values.items()}


def _attribute_table(raster: GisRaster, cells: NDArray[np.generic]) -> str:
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for i, (name, kind, usage) in enumerate(_RAT):
        field = ET.SubElement(table, "FieldDefn", index=str(i))
        ET.SubElement(field, "Name").text = name
        ET.SubElement(field, "Type").text = str(kind)
        ET.SubElement(field, "Usage").text = str(usage)
    for i, rule in enumerate(raster.rules):
        code = rule.word or "0"
        row = ET.SubElement(table, "Row", index=str(i))
        count = int((cells == int(code)).sum())
        label_en = writable(raster.labels_en.get(code, ""))
        for value in (code, count, writable(rule.label), label_en, *_rgb(rule.colour)):
            ET.SubElement(row, "F").text = str(value)
    return ET.tostring(root, encoding="unicode")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
