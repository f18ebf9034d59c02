"""GeoPackage of a run: results joined to their layers, styled and explained, so that QGIS opens it coloured.

Version 1.2 of the standard, which ArcGIS Pro, SuperMap and QGIS all read. Beside the layers the file holds

- ``layer_styles``: QML and SLD per layer and analysis, as QGIS keeps them; the first of each layer is its default;
- ``gpkg_data_columns``: Chinese headings, and the formula or unit of each column; words with their Chinese labels;
- ``gpkg_metadata``: data status, content key, district and plan, of the whole and of each layer.

Time stamps are a constant, so that the same results give the same file.

References
----------
OGC 12-128r15, GeoPackage Encoding Standard 1.2.1.
"""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyogrio
import pyogrio.errors

from changping_geo.model import ResultError
from changping_geo.present.bundle import about, bundle_of
from changping_geo.present.gislayers import clean_frame, multipart
from changping_geo.present.style import qml, sld
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from changping_geo.model import Run
    from changping_geo.present.gislayers import GisLayer
    from changping_geo.present.mapspec import MapSpec

GEOMETRY = "geom"
TIMESTAMP = "2000-01-01T00:00:00.000Z"

_STYLES_SQL = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT CURRENT_TIMESTAMP);
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
  VALUES ('layer_styles', 'attributes', 'layer_styles', '图层样式', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
"""
_COLUMNS_SQL = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name),
  CONSTRAINT fk_gdc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema',
   'http://www.geopackage.org/spec121/#extension_schema', 'read-write');
"""


def write_gpkg(run: Run, path: Path, specs: Sequence[MapSpec] = ()) -> None:
    """Write the GeoPackage of a run; a file already there is replaced.

    Parameters
    ----------
    run : Run
        The finished run.
    path : Path
        The file.
    specs : sequence of MapSpec
        The pages of the workspace, for the same columns, classes and colours.

    Raises
    ------
    ResultError
        If results do not fit their layers, or the file does not hold what was written.
    """
    bundle = bundle_of(run, specs)
    write_layers(bundle.layers, bundle.about, path)


def write_layers(layers: Sequence[GisLayer], whole: Mapping[str, str], path: Path) -> None:
    """Write layers with headings and styles; a file already there is replaced.

    Parameters
    ----------
    layers : sequence of GisLayer
        The layers.
    whole : mapping of str to str
        What is told of the whole.
    path : Path
        The file.

    Raises
    ------
    ResultError
        If the file does not hold what was written.
    """
    if not layers:
        raise ResultError(f"{path.name}: this run read no vector layer, so there is nothing to write")
    with _told(path):
        path.unlink(missing_ok=True)
        for layer in layers:
            told = {**whole, "data_status": layer.status.word, "title_zh": layer.title_zh, "title_en": layer.title_en}
            description = f"{layer.title_en}; data status: {layer.status.word} ({layer.status.label_zh})"
            _write(path, layer.name, layer.data, (layer.title_zh, description), dict(whole), told)
        with closing(sqlite3.connect(path)) as base, base:
            _add_styles(base, layers)
            _add_columns(base, layers)
            _fix_times(base)
        _verify(path, {layer.name: layer.data for layer in layers})


def write_set_aside(run: Run, path: Path) -> bool:
    """Write the rows that were set aside, one layer per layer, with a column ``reason``.

    Parameters
    ----------
    run : Run
        The finished run.
    path : Path
        The file; it is written only when there are such rows.

    Returns
    -------
    bool
        Whether the file was written.

    Raises
    ------
    ResultError
        If the file does not hold what was written.
    """
    path.unlink(missing_ok=True)
    frames = {
        name: clean_frame(layer.set_aside)
        for name, layer in run.layers.items()
        if layer.set_aside is not None and len(layer.set_aside)
    }
    if not frames:
        return False
    with _told(path):
        for name, frame in frames.items():
            title = run.titles.get(name, (name, name))
            texts = (f"{title[0]}（未采用的记录）", f"{title[1]}: rows set aside, with their reason")
            told = about(run, run.layers[name].status)
            _write(path, name, frame, texts, told, told)
        with closing(sqlite3.connect(path)) as base, base:
            _fix_times(base)
        _verify(path, frames)
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    faults = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FieldError)
    try:
        yield
    except (*faults, sqlite3.Error, OSError) as error:
        raise ResultError(f"{path} could not be written: {error}; check free space and permissions") from error


def _write(
    path: Path, name: str, data: pd.DataFrame, texts: tuple[str, str], whole: dict[str, str], about: dict[str, str]
) -> None:
    options: dict[str, Any] = {
        "layer_options": {"IDENTIFIER": writable(texts[0]), "DESCRIPTION": writable(texts[1]), "FID": "fid"},
        "layer_metadata": about,
    }
    if not path.exists():
        options |= {"dataset_options": {"VERSION": "1.2"}, "dataset_metadata": whole}
    if isinstance(data, gpd.GeoDataFrame):
        kinds = set(data.geometry.geom_type.dropna())
        data = multipart(data) if kinds else data
        kinds = {kind if kind.startswith("Multi") or kind == "Point" else f"Multi{kind}" for kind in kinds}
        options["geometry_type"] = kinds.pop() if len(kinds) == 1 else "Unknown"
        options["layer_options"] |= {"GEOMETRY_NAME": GEOMETRY, "SPATIAL_INDEX": "YES"}
    with warnings.catch_warnings():
        # A set-aside row may stand there because its file has no coordinate system.
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)
        pyogrio.write_dataframe(data, path, layer=name, driver="GPKG", use_arrow=True, **options)


def _add_styles(base: sqlite3.Connection, layers: Sequence[GisLayer]) -> None:
    base.executescript(_STYLES_SQL)
    rows = [
        ("", "", layer.name, GEOMETRY, title, qml(style), sld(style, layer.name), i == 0, layer.title_en, TIMESTAMP)
        for layer in layers
        for i, (title, style) in enumerate(layer.styles.items())
    ]
    base.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
        " styleQML, styleSLD, useAsDefault, description, update_time, owner)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
        rows,
    )


def _add_columns(base: sqlite3.Connection, layers: Sequence[GisLayer]) -> None:
    base.executescript(_COLUMNS_SQL)
    for layer in layers:
        taken: set[str] = set()
        for column, heading in layer.headings.items():
            alias = writable(heading.label_zh)
            alias = f"{alias} ({column})" if alias in taken else alias
            taken.add(alias)
            words = layer.words.get(column, {})
            constraint = f"{layer.name}_{column}" if words else None
            about = "; ".join(writable(part) for part in (heading.label_en, heading.formula) if part)
            base.execute(
                "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (layer.name, column, alias, writable(heading.zh), about, constraint),
            )
            base.executemany(
                "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
                " VALUES (?, 'enum', ?, ?)",
                [(constraint, writable(word), writable(label)) for word, label in words.items()],
            )


def _fix_times(base: sqlite3.Connection) -> None:
    base.execute("UPDATE gpkg_contents SET last_change = ?", (TIMESTAMP,))
    base.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (TIMESTAMP,))


def _verify(path: Path, frames: dict[str, pd.DataFrame]) -> None:
    faults: list[str] = []
    with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)) as base:
        state = base.execute("PRAGMA integrity_check").fetchone()[0]
        if state != "ok":
            faults.append(f"integrity check: {state}")
        tables = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for name, frame in frames.items():
            rows = base.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] if name in tables else 0  # noqa: S608 - a layer's own name
            if rows != len(frame):
                faults.append(f"{name}: {rows} rows instead of {len(frame)}")
            if isinstance(frame, gpd.GeoDataFrame) and f"rtree_{name}_{GEOMETRY}" not in tables:
                faults.append(f"{name}: no spatial index")
    if faults:
        raise ResultError(f"{path} does not hold what was written: {'; '.join(faults)}; nothing is published")
