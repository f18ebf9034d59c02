"""Shapefiles that every reader gets right: ASCII field names of ten letters, ``.cpg``, and a table that explains them.

A field name has ten bytes. A Chinese name of four characters is cut within the fourth in UTF-8, and the file cannot be
read again; so names are ASCII, and 字段说明 tells what they mean.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyogrio

from changping_geo.model import ResultError
from changping_geo.present.fieldnotes import note_rows, short_names, write_notes
from changping_geo.present.layerfiles import check_rows, geometry_type, narrow, told
from changping_geo.present.style import qml, sld

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from changping_geo.present.gislayers import GisLayer
    from changping_geo.present.style import Style

ENCODINGS = {"utf-8": "UTF-8", "gbk": "GBK"}
# Bytes of a text field. [bytes]
TEXT_BYTES = 254
# The most that either file of a shapefile may have. [bytes]
MAX_BYTES = 2 * 1024**3
_NUMBER_BYTES = 24
_CUT = "超出254字节的文字被截断"


def write_shapefiles(layers: Sequence[GisLayer], folder: Path, encoding: str = "utf-8") -> None:
    """Write layers as shapefiles with QML and SLD beside, and the table of their fields.

    Parameters
    ----------
    layers : sequence of GisLayer
        The layers.
    folder : Path
        Where they are written; made when missing.
    encoding : str
        ``utf-8``, or ``gbk`` for older software.

    Raises
    ------
    ResultError
        If a text has characters that the encoding lacks, or a layer is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {layer.name: short_names(layer.headings, layer.shorts) for layer in layers}
    remarks: dict[str, dict[str, str]] = {}
    for layer in layers:
        remarks[layer.name] = _write(layer, names[layer.name], folder / f"{layer.name}.shp", encoding)
    write_notes(note_rows(layers, names, remarks), folder)


def _write(layer: GisLayer, names: Mapping[str, str], path: Path, encoding: str) -> dict[str, str]:
    data, cut = _texts(layer, encoding)
    size = sum(_NUMBER_BYTES if data[c].dtype.kind in "iufM" else TEXT_BYTES for c in names) * len(data)
    if size > MAX_BYTES:
        raise ResultError(
            f"{layer.name}: {len(data)} rows of {len(names)} columns do not fit into a shapefile (2 GB); "
            "take --format gdb or gpkg"
        )
    with told(path):
        frame = narrow(data.rename(columns=names))
        kind = geometry_type(frame)
        options = {"driver": "ESRI Shapefile", "layer_options": {"RESIZE": "YES"}}
        pyogrio.write_dataframe(
            frame, path, layer=path.stem, geometry_type=kind, encoding=ENCODINGS[encoding], **options
        )
        path.with_suffix(".cpg").write_text(ENCODINGS[encoding], encoding="ascii")
        check_rows(path, {path.stem: len(frame)})
        style = renamed(next(iter(layer.styles.values())), names)
        path.with_suffix(".qml").write_text(qml(style), encoding="utf-8", newline="\n")
        path.with_suffix(".sld").write_text(sld(style, layer.name), encoding="utf-8", newline="\n")
    return dict.fromkeys(cut, _CUT)


def renamed(style: Style, names: Mapping[str, str]) -> Style:
    """Return a style for a layer whose columns have other names."""
    return replace(
        style,
        column=names.get(style.column, style.column),
        label=names.get(style.label, style.label),
        aliases={names.get(column, column): alias for column, alias in style.aliases.items()},
        words={names.get(column, column): words for column, words in style.words.items()},
    )


def _texts(layer: GisLayer, encoding: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return the rows with texts that fit, and the columns in which some were cut, at a whole character."""
    data, cut, faults = layer.data.copy(deep=False), [], []
    for column in layer.headings:
        values = data[column]
        if values.dtype.kind == "M":  # a date of a shapefile has no time of day
            data[column] = values.dt.strftime("%Y-%m-%d %H:%M:%S").astype(object).where(values.notna(), None)
        if values.dtype.kind in "biufM":
            continue
        try:
            too_long = [len(text.encode(encoding)) > TEXT_BYTES for text in _filled(values)]
        except UnicodeEncodeError as error:
            faults.append(f"{column} holds {error.object[error.start]!r}")
            continue
        if any(too_long):
            cut.append(column)
            data[column] = [
                text.encode(encoding)[:TEXT_BYTES].decode(encoding, "ignore") if long else value
                for value, text, long in zip(values, _filled(values), too_long, strict=True)
            ]
    if faults:
        raise ResultError(f"{layer.name}: {'; '.join(faults)}, which {encoding} lacks; take --encoding utf-8")
    return data, cut


def _filled(values: pd.Series[str]) -> list[str]:
    return [str(text) for text in values.astype(object).where(values.notna(), "").tolist()]
