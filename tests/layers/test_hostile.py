"""Every fault that a delivered file may have, and what must become of it.

Each entry of the table builds one bad file in a fresh workspace and names its verdict: refused (with the kind of error
and a word of its message), repaired, or set aside (with the reason). Nothing passes silently.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import zipfile
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from changping_geo.layers.datum import from_wgs84
from changping_geo.layers.spec import Column
from changping_geo.model import ColumnError, CrsError, DataError, GeometryError, SourceError, SpecError

# The raster library itself multiplies transforms in a way that a later version of its dependency will drop.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

CASES = []


@dataclass
class Case:
    name: str
    build: object
    error: type | None = None
    word: str = ""
    set_aside: dict | None = None
    repaired: int = 0
    note: str = ""


def refused(error, word, *, ids=(None,)):
    """Register builders whose file must be refused."""

    def add(build):
        for arg in ids:
            name = build.__name__ + (f"-{arg}" if arg is not None else "")
            run = build if arg is None else (lambda kit, arg=arg: build(kit, arg))
            CASES.append(Case(name, run, error=error, word=word))
        return build

    return add


def accepted(*, set_aside=None, repaired=0, note="", ids=(None,)):
    """Register builders whose file is used but for some rows."""

    def add(build):
        for arg in ids:
            name = build.__name__ + (f"-{arg}" if arg is not None else "")
            run = build if arg is None else (lambda kit, arg=arg: build(kit, arg))
            CASES.append(Case(name, run, set_aside=set_aside or {}, repaired=repaired, note=note))
        return build

    return add


# --- files in disguise, addresses, and paths that lead elsewhere --------------------------------------------

VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
GDALG = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {} ! write streamed"}}'
VECTOR = ["geojson", "gpkg", "shp", "fgb", "kml", "parquet", "xlsx"]


def secret(kit):
    path = kit.root.parent / "secret.geojson"
    kit.squares().to_file(path)
    return path


def written(kit, suffix, text):
    kit.file(f"r.{suffix}").write_text(text)
    return {"name": f"r.{suffix}"}


@refused(SourceError, "r\\.", ids=VECTOR)
def vrt_in_disguise(kit, suffix):
    return written(kit, suffix, VRT.format(secret(kit)))


@refused(SourceError, "r\\.", ids=VECTOR)
def gdalg_in_disguise(kit, suffix):
    return written(kit, suffix, GDALG.format(secret(kit)))


@refused(
    SourceError, "never opened", ids=["vrt", "gml", "zip", "xml", "tab", "dxf", "pbf", "sqlite", "py", "html", "xls"]
)
def unknown_suffix(kit, suffix):
    return written(kit, suffix, VRT.format(secret(kit)))


@refused(SourceError, "GeoJSON")
def another_json(kit):
    return written(kit, "geojson", "[1, 2, 3]")


@refused(SourceError, "elsewhere")
def kml_with_entities(kit):
    return written(kit, "kml", '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]><kml><Placemark/></kml>')


@refused(SourceError, "elsewhere")
def kml_with_a_billion_laughs(kit):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return written(kit, "kml", f'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY l0 "ha">{laughs}]><kml>&l9;</kml>')


@refused(SourceError, "elsewhere")
def kml_with_a_network_link(kit):
    return written(kit, "kml", "<kml><NetworkLink><Link><href>http://127.0.0.1/x.kml</href></Link></NetworkLink></kml>")


@refused(SourceError, "not kml|not KML")
def kmz_called_kml(kit):
    with zipfile.ZipFile(kit.file("r.kml"), "w") as archive:
        archive.writestr("../../doc.kml", "<kml/>")
    return {"name": "r.kml"}


ADDRESSES = [
    "http://127.0.0.1:9/r.geojson",
    "https://example.org/r.gpkg",
    "ftp://127.0.0.1/r.shp",
    "file:///etc/hostname.geojson",
    "s3://bucket/r.parquet",
    "/vsicurl/http://127.0.0.1:9/r.geojson",
    "vsicurl/http://127.0.0.1:9/r.geojson",
    "/vsizip/data_raw/r.zip/r.shp",
    "/vsimem/r.geojson",
    "/vsistdin/r.geojson",
    "GPKG:data_raw/r.gpkg",
    "GeoJSON:http://127.0.0.1:9/r.geojson",
    "WFS:http://127.0.0.1:9/wfs.geojson",
    "PG:host=127.0.0.1.gpkg",
    "C:/Windows/r.gpkg",
    "data_raw/r.gpkg?mode=memory",
    "data_raw/r.gpkg|layername=a",
]


@refused(SourceError, "address or a connection|leads out", ids=ADDRESSES)
def address(kit, text):
    return {"name": "x", "path": text, "format": "geojson"}


@refused(SourceError, "leads out", ids=["../secret.geojson", "data_raw/../../secret.geojson", "/etc/hosts", "."])
def path_out_of_the_workspace(kit, text):
    secret(kit)
    return {"name": "x", "path": text, "format": "geojson"}


@refused(SourceError, "leads out")
def absolute_path(kit):
    return {"name": "x", "path": str(secret(kit))}


@refused(SourceError, "leads out")
def link_out_of_the_workspace(kit):
    kit.file("r.geojson").symlink_to(secret(kit))
    return {"name": "r.geojson"}


@refused(SourceError, "leads out")
def folder_link_out_of_the_workspace(kit):
    (kit.root / "data_raw" / "in").symlink_to(secret(kit).parent)
    return {"name": "in/secret.geojson"}


@refused(SourceError, "links out")
def shapefile_part_linked_from_elsewhere(kit):
    kit.squares().to_file(kit.file("r.shp"))
    shutil.move(kit.file("r.dbf"), kit.root.parent / "r.dbf")
    kit.file("r.dbf").symlink_to(kit.root.parent / "r.dbf")
    return {"name": "r.shp"}


@refused(SourceError, "cannot be followed|missing")
def link_to_itself(kit):
    kit.file("r.geojson").symlink_to(kit.file("r.geojson"))
    return {"name": "r.geojson"}


@refused(SourceError, "missing", ids=["gpkg", "csv", "tif"])
def missing_file(kit, suffix):
    return {"name": f"r.{suffix}"}


@refused(SourceError, "plain file|not .* kind|no file geodatabase", ids=["geojson", "gpkg", "gdb"])
def folder_called_like_a_file(kit, suffix):
    kit.file(f"r.{suffix}").mkdir()
    return {"name": f"r.{suffix}"}


@refused(SourceError, "empty", ids=["geojson", "gpkg", "fgb", "kml", "parquet", "csv", "xlsx"])
def empty_file(kit, suffix):
    kit.file(f"r.{suffix}").touch()
    return {"name": f"r.{suffix}"}


@refused(SourceError, "views or virtual tables")
def geopackage_with_a_view(kit):
    kit.squares().to_file(kit.file("r.gpkg"))
    with sqlite3.connect(kit.file("r.gpkg")) as base:
        base.execute("CREATE VIEW roofs AS SELECT * FROM r")
    base.close()
    return {"name": "r.gpkg", "layer": "r"}


@refused(SourceError, "no GeoPackage")
def plain_database(kit):
    with sqlite3.connect(kit.file("r.gpkg")) as base:
        base.execute("CREATE TABLE t (a)")
    base.close()
    return {"name": "r.gpkg"}


# --- damaged and cut files ----------------------------------------------------------------------------------


def saved(kit, suffix, frame=None):
    path = kit.file(f"r.{suffix}")
    frame = (
        kit.squares(20).loc[np.arange(200) % 20].assign(id=[f"r{i}" for i in range(200)]) if frame is None else frame
    )
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "gdb":
        frame.to_file(path, driver="OpenFileGDB")
    elif suffix == "kml":
        frame.to_crs(4326).to_file(path, driver="KML")
    else:
        (frame.to_crs(4326) if suffix == "geojson" else frame).to_file(path)
    return path


FORMATS = ["gpkg", "geojson", "shp", "fgb", "parquet", "kml"]
CUTS = [(suffix, share) for suffix in FORMATS for share in (0.02, 0.3, 0.6, 0.9, 0.99)]


@refused(SourceError, "r\\.", ids=CUTS)
def cut_file(kit, suffix_share):
    suffix, share = suffix_share
    path = saved(kit, suffix)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return {"name": path.name}


@refused(SourceError, "damaged|cut", ids=[("dbf", 0.5), ("dbf", 0.01), ("shx", 0.5), ("shx", 0.1), ("dbf", 0.9)])
def cut_part_of_a_shapefile(kit, suffix_share):
    suffix, share = suffix_share
    path = saved(kit, "shp").with_suffix(f".{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return {"name": "r.shp"}


@refused(SourceError, "damaged")
def shapefile_stump_with_an_honest_header(kit):
    path = saved(kit, "shp")
    data = bytearray(path.read_bytes())[:-500]
    data[24:28] = struct.pack(">i", len(data) // 2)
    path.write_bytes(data)
    return {"name": "r.shp"}


@refused(SourceError, "missing", ids=["shx", "dbf"])
def missing_part_of_a_shapefile(kit, suffix):
    saved(kit, "shp").with_suffix(f".{suffix}").unlink()
    return {"name": "r.shp"}


@refused(CrsError, "prj")
def missing_prj(kit):
    saved(kit, "shp").with_suffix(".prj").unlink()
    return {"name": "r.shp"}


@refused(SourceError, "damaged", ids=[0.2, 0.5, 0.8])
def geopackage_with_blanked_pages(kit, where):
    path = saved(kit, "gpkg")
    data = bytearray(path.read_bytes())
    start = int(where * len(data)) // 4096 * 4096
    data[start : start + 8192] = bytes(8192)
    path.write_bytes(data)
    return {"name": "r.gpkg"}


@refused(SourceError, "geodatabase|damaged|layers|cut")
def geodatabase_without_its_catalogue(kit):
    (saved(kit, "gdb") / "a00000001.gdbtable").unlink()
    return {"name": "r.gdb"}


@refused(SourceError, "r\\.", ids=["gpkg", "fgb", "shp", "parquet", "xlsx"])
def noise_after_the_right_beginning(kit, suffix):
    magic = {
        "gpkg": b"SQLite format 3\0",
        "fgb": b"fgb\3fgb\1",
        "shp": b"\0\0\x27\x0a",
        "parquet": b"PAR1",
        "xlsx": b"PK\3\4",
    }
    kit.file(f"r.{suffix}").write_bytes(magic[suffix] + np.random.default_rng(0).bytes(4000))
    return {"name": f"r.{suffix}"}


@refused(SourceError, "more than", ids=["gpkg", "parquet", "geojson", "csv", "xlsx", "shp"])
def more_rows_than_accepted(kit, suffix):
    spec = replace(kit.spec, max_rows=5)
    frame = kit.squares(20)
    if suffix == "csv":
        pd.DataFrame(frame.drop(columns="geometry")).to_csv(kit.file("r.csv"), index=False)
    elif suffix == "xlsx":
        pd.DataFrame(frame.drop(columns="geometry")).to_excel(kit.file("r.xlsx"), index=False)
    else:
        saved(kit, suffix, frame)
    return {"name": f"r.{suffix}", "spec": spec}


@refused(SourceError, "no rows", ids=["gpkg", "geojson", "fgb"])
def no_rows(kit, suffix):
    saved(kit, suffix, kit.squares().iloc[:0])
    return {"name": f"r.{suffix}"}


@refused(SourceError, "2 layers")
def several_layers_and_none_named(kit):
    for layer in "ab":
        kit.squares().to_file(kit.file("r.gpkg"), layer=layer)
    return {"name": "r.gpkg"}


@refused(SourceError, "there are: 'r'")
def unknown_layer(kit):
    saved(kit, "gpkg")
    return {"name": "r.gpkg", "layer": "nope"}


# --- coordinate system and place ----------------------------------------------------------------------------


@refused(CrsError, 'crs = "EPSG', ids=["gpkg", "parquet"])
def no_crs(kit, suffix):
    frame = kit.squares()
    frame = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=frame.geometry.to_numpy())
    if suffix == "gpkg":
        with pytest.warns(UserWarning, match="crs"):
            saved(kit, suffix, frame)
    else:
        saved(kit, suffix, frame)
    return {"name": f"r.{suffix}"}


@refused(CrsError, "seven parameters", ids=["EPSG:4214", "EPSG:4610", "EPSG:4555"])
def old_datum_without_parameters(kit, crs):
    frame = kit.squares().to_crs(4490).set_crs(crs, allow_override=True)
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


@refused(CrsError, "longitude and latitude are swapped", ids=["gpkg", "fgb", "geojson"])
def swapped_axes(kit, suffix):
    frame = kit.squares().to_crs(4326)
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    path = kit.file(f"r.{suffix}")
    frame.to_file(path)
    return {"name": path.name}


@refused(CrsError, "easting and northing are swapped")
def swapped_metric_axes(kit):
    frame = kit.squares()
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


@refused(CrsError, "longitude and latitude are swapped")
def swapped_columns_of_a_table(kit):
    points_csv(kit, "r1,home,32.55,114.0\nr2,home,32.56,114.01\n")
    return {"name": "r.csv", "spec": replace(kit.spec, geometry="point")}


@refused(CrsError, "nothing of the layer")
def wrong_zone(kit):
    saved(kit, "gpkg", kit.squares().set_crs("EPSG:4548", allow_override=True))
    return {"name": "r.gpkg"}


@refused(CrsError, "nothing of the layer", ids=["null island", "antimeridian", "pole"])
def another_place(kit, where):
    lon, lat = {"null island": (0.0, 0.0), "antimeridian": (179.999, 32.5), "pole": (114.0, 89.9)}[where]
    frame = (
        kit.squares()
        .set_geometry([shapely.box(lon, lat, lon + 0.001, lat + 0.001)] * 6)
        .set_crs(4326, allow_override=True)
    )
    frame.to_file(kit.file("r.gpkg"))
    return {"name": "r.gpkg"}


@refused(CrsError, "does not parse", ids=["EPSG:0", "nonsense"])
def declared_crs_that_is_none(kit, crs):
    saved(kit, "geojson", kit.squares())
    return {"name": "r.geojson", "crs": crs}


@refused(CrsError, "take the wrong one out")
def declared_crs_against_the_file(kit):
    saved(kit, "gpkg", kit.squares())
    return {"name": "r.gpkg", "crs": "EPSG:4548"}


@refused(CrsError, "local")
def local_crs(kit):
    local = 'LOCAL_CS["site",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'
    frame = kit.squares().set_crs(local, allow_override=True)
    frame.to_parquet(kit.file("r.parquet"))
    return {"name": "r.parquet"}


def in_gcj02(frame):
    lonlat = frame.to_crs(4326)
    moved = shapely.transform(lonlat.geometry.to_numpy(), lambda x, y: from_wgs84(x, y, "gcj02"), interleaved=False)
    return lonlat.set_geometry(gpd.GeoSeries(moved, crs=4326))


def four_towns(kit):
    x, y, step = *kit.district.bounds[:2], 5000.0
    shapes = [
        shapely.box(x + i * step, y + j * step, x + (i + 1) * step, y + (j + 1) * step) for i in (0, 1) for j in (0, 1)
    ]
    frame = kit.squares(4).set_geometry(gpd.GeoSeries(shapes, crs=kit.frame.crs))
    return frame, replace(kit.spec, topology="tiles_district", overlap=False)


@refused(DataError, 'datum = "gcj02"')
def towns_in_gcj02(kit):
    frame, spec = four_towns(kit)
    in_gcj02(frame).to_file(kit.file("r.gpkg"))
    return {"name": "r.gpkg", "spec": spec}


@accepted(note='datum = "gcj02"', set_aside={"outside the district": ...})
def points_in_gcj02(kit):
    return gcj02_points(kit)


@accepted(note="converted from gcj02")
def points_in_gcj02_declared(kit):
    return {**gcj02_points(kit), "datum": "gcj02"}


def gcj02_points(kit):
    x0, y0, x1, y1 = kit.district.bounds
    xy = np.random.default_rng(5).uniform([x0 + 1, y0 + 1], [x1 - 1, y1 - 1], (900, 2))
    frame = gpd.GeoDataFrame({"id": range(900), "use": "home"}, geometry=shapely.points(xy), crs=kit.frame.crs)
    in_gcj02(frame).to_file(kit.file("r.gpkg"))
    return {"name": "r.gpkg", "spec": replace(kit.spec, geometry="point")}


@accepted(set_aside={"outside the district": 2})
def some_rows_elsewhere(kit):
    frame = kit.squares()
    frame.loc[[1, 4], "geometry"] = shapely.box(520_000, 3_600_000, 520_100, 3_600_100)
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


@accepted(set_aside={"longitude and latitude swapped": 1})
def one_row_swapped(kit):
    frame = kit.squares().to_crs(4490)
    frame.loc[[2], "geometry"] = shapely.transform(frame.geometry.iloc[2], lambda xy: xy[:, ::-1])
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


# --- shapes -------------------------------------------------------------------------------------------------


def with_shape(kit, shape, suffix="gpkg", row=1):
    frame = kit.squares()
    shapes = frame.geometry.to_numpy().copy()
    shapes[row] = shape
    path = kit.file(f"r.{suffix}")
    frame = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))
    if suffix == "parquet":
        frame.to_parquet(path)
    else:
        (frame.to_crs(4326) if suffix == "geojson" else frame).to_file(path)
    return {"name": path.name}


X, Y = 497_000.0, 3_603_000.0
BOW_TIE = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
SPIKE = shapely.Polygon([(X, Y), (X + 10, Y), (X + 10, Y + 10), (X + 10, Y + 30), (X + 10, Y + 10), (X, Y + 10)])
HOLE_OUTSIDE = shapely.Polygon([(X, Y), (X + 10, Y), (X + 10, Y + 10)], [[(X + 50, Y), (X + 60, Y), (X + 60, Y + 9)]])


@accepted(repaired=1, note="area 0.000 m2 before, 50.000 m2 after", ids=["gpkg", "parquet", "shp", "fgb"])
def bow_tie(kit, suffix):
    return with_shape(kit, BOW_TIE, suffix)


@accepted(repaired=1, note="made valid")
def spike(kit):
    return with_shape(kit, SPIKE)


@accepted(repaired=1, note="made valid")
def hole_outside_its_shell(kit):
    return with_shape(kit, HOLE_OUTSIDE)


@accepted(set_aside={"nothing is left of the shape once it is made valid": 1})
def polygon_that_is_a_line(kit):
    return with_shape(kit, shapely.Polygon([(X, Y), (X + 10, Y), (X + 20, Y)]))


@accepted(set_aside={"no geometry": 1}, ids=["gpkg", "parquet", "shp", "geojson"])
def null_geometry(kit, suffix):
    return with_shape(kit, None, suffix)


@accepted(set_aside={"no geometry": 1}, ids=["gpkg", "parquet"])
def empty_geometry(kit, suffix):
    return with_shape(kit, shapely.Polygon(), suffix)


@accepted(set_aside={"a coordinate is not a finite number": 1}, ids=[np.nan, np.inf])
def vertex_that_is_no_number(kit, value):
    with np.errstate(invalid="ignore"):
        return with_shape(kit, shapely.Polygon([(X, Y), (X + 10, Y), (value, Y + 10)]), "parquet")


@accepted(set_aside={"not a polygon": 1}, ids=["POINT", "LINESTRING", "GEOMETRYCOLLECTION", "MULTIPOINT"])
def another_kind(kit, kind):
    inside = {"POINT": f"({X} {Y})", "MULTIPOINT": f"({X} {Y})", "LINESTRING": f"({X} {Y}, {X + 9} {Y})"}
    polygon = f"POLYGON (({X} {Y}, {X + 9} {Y}, {X} {Y + 9}, {X} {Y}))"
    return with_shape(kit, shapely.from_wkt(f"{kind} {inside.get(kind, f'({polygon})')}"), "parquet")


@accepted()
def multipolygon_is_kept(kit):
    return with_shape(
        kit, shapely.MultiPolygon([shapely.box(X, Y, X + 9, Y + 9), shapely.box(X + 20, Y, X + 29, Y + 9)])
    )


@accepted(note="heights")
def shape_with_heights(kit):
    return with_shape(kit, shapely.force_3d(shapely.box(X, Y, X + 9, Y + 9), 3.0), "parquet")


@accepted(set_aside={"several points in one row": 1})
def several_points(kit):
    frame = kit.squares().assign(geometry=lambda f: f.centroid)
    shapes = frame.geometry.to_numpy().copy()
    shapes[0] = shapely.MultiPoint([(X, Y), (X + 1, Y)])
    shapes[1] = shapely.MultiPoint([(X, Y)])
    frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)).to_parquet(kit.file("r.parquet"))
    return {"name": "r.parquet", "spec": replace(kit.spec, geometry="point")}


@refused(DataError, "6 of 6 rows would be set aside")
def wrong_kind_altogether(kit):
    saved(kit, "gpkg", kit.squares().assign(geometry=lambda f: f.centroid))
    return {"name": "r.gpkg"}


@accepted(note="exactly equal: row 5")
def equal_shapes(kit):
    frame = kit.squares()
    frame.loc[[4], "geometry"] = frame.geometry.iloc[[1]].to_numpy()
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


@accepted(note="overlap by 5,000.000 m2")
def overlapping_shapes(kit):
    frame = kit.squares()
    frame.loc[[1], "geometry"] = shapely.transform(frame.geometry.iloc[0], lambda xy: xy + np.array([50.0, 0.0]))
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg", "spec": replace(kit.spec, overlap=False)}


@refused(GeometryError, "do not tile", ids=["gap", "overlap"])
def towns_that_do_not_tile(kit, fault):
    frame, spec = four_towns(kit)
    step = {"gap": -100.0, "overlap": 100.0}[fault]
    x0, y0, x1, y1 = frame.geometry.iloc[0].bounds
    frame.loc[[0], "geometry"] = shapely.box(x0, y0, x1 + step, y1)
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg", "spec": spec}


@refused(GeometryError, "beyond the district 10,000,000")
def towns_beyond_the_district(kit):
    frame, spec = four_towns(kit)
    x0, y0, x1, y1 = frame.geometry.iloc[0].bounds
    frame.loc[[0], "geometry"] = shapely.box(x0 - 2000, y0, x1, y1)
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg", "spec": spec}


@refused(GeometryError, "no shapes")
def table_for_a_layer_of_shapes(kit):
    pd.DataFrame(kit.squares().drop(columns="geometry")).to_parquet(kit.file("r.parquet"))
    return {"name": "r.parquet"}


# --- columns ------------------------------------------------------------------------------------------------


def with_column(kit, name, values, suffix="gpkg"):
    frame = kit.squares()
    frame[name] = values
    saved(kit, suffix, frame)
    return {"name": f"r.{suffix}"}


@refused(ColumnError, "'r1' \\(rows 2, 3\\)", ids=["gpkg", "geojson", "parquet"])
def duplicate_keys(kit, suffix):
    return with_column(kit, "id", ["r0", "r1", "r1", "r3", "r4", "r5"], suffix)


@refused(ColumnError, "required columns are missing: use")
def missing_column(kit):
    saved(kit, "gpkg", kit.squares().drop(columns="use"))
    return {"name": "r.gpkg"}


@accepted(set_aside={"id: no value": 1}, ids=["gpkg", "parquet"])
def missing_key(kit, suffix):
    return with_column(kit, "id", ["r0", None, "r2", "r3", "r4", "r5"], suffix)


@accepted(set_aside={"use: no value": 2})
def missing_required_value(kit):
    return with_column(kit, "use", ["home", None, "", "home", "shop", "home"])


@accepted(set_aside={"use: unknown word": 2}, note="known are: home (住宅), shop (商店)")
def unknown_category(kit):
    return with_column(kit, "use", ["home", "castle", "<b>x</b>", "home", "shop", "home"])


@accepted(set_aside={"height_m: outside 1.8…350 m": 3})
def value_out_of_range(kit):
    return with_column(kit, "height_m", [3.0, -1.0, 999.0, 1.0, 5.0, 6.0])


@accepted(set_aside={"height_m: not a finite number": 2})
def infinite_value(kit):
    return with_column(kit, "height_m", [3.0, np.inf, -np.inf, 4.0, 5.0, 6.0], "parquet")


@accepted()
def missing_optional_value(kit):
    return with_column(kit, "height_m", [3.0, np.nan, 3.0, 4.0, 5.0, 6.0])


@accepted(set_aside={"height_m: not a number": 3}, note="'six'")
def text_for_a_number(kit):
    return with_column(kit, "height_m", ["3", "six", "1_000", "nan", "５.５", "10.0"])


@accepted(set_aside={"floors: not a whole number": 1})
def half_a_floor(kit):
    return with_column(kit, "floors", [1.0, 2.5, 3.0, 4.0, 5.0, 6.0])


@accepted(set_aside={"id: digits were lost when the code was stored as a number": 1})
def code_with_lost_digits(kit):
    return with_column(kit, "id", [1e17, 2.0, 3.0, 4.0, 5.0, 6.0])


@refused(DataError, "4 of 6 rows would be set aside")
def too_many_set_aside(kit):
    return with_column(kit, "use", ["home", "a", "b", "c", "d", "home"])


@refused(DataError, "(?s)required columns are missing.*swapped|swapped.*required columns are missing")
def several_faults_are_told_at_once(kit):
    frame = kit.squares().drop(columns="use").to_crs(4326)
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    saved(kit, "gpkg", frame)
    return {"name": "r.gpkg"}


@refused(ColumnError, "neither 'nope' nor 'use'")
def rename_of_a_column_that_is_not_there(kit):
    saved(kit, "gpkg", kit.squares().rename(columns={"use": "yong"}))
    return {"name": "r.gpkg", "rename": {"nope": "use"}}


@refused(ColumnError, "there already")
def rename_onto_a_column_that_is_there(kit):
    saved(kit, "gpkg", kit.squares().assign(kind="home"))
    return {"name": "r.gpkg", "rename": {"kind": "use"}}


# --- text tables --------------------------------------------------------------------------------------------


def points_csv(kit, rows, head="id,use,lon,lat\n"):
    kit.file("r.csv").write_text(head + rows)


def table(kit):
    return replace(kit.spec, geometry="table", topology="any")


@refused(ColumnError, "coordinates are not found")
def table_without_coordinates(kit):
    points_csv(kit, "r1,home,a,b\n", "id,use,x,y\n")
    return {"name": "r.csv", "spec": replace(kit.spec, geometry="point")}


@accepted(set_aside={"no geometry": 1})
def coordinates_that_are_no_numbers(kit):
    points_csv(kit, "r1,home,114.0,32.55\nr2,home,east,north\n")
    return {"name": "r.csv", "spec": replace(kit.spec, geometry="point")}


@refused(ColumnError, "rows 2")
def csv_with_uneven_rows(kit):
    points_csv(kit, "r1,home,1,2\nr2,home,1,2,3\n")
    return {"name": "r.csv", "spec": table(kit)}


@refused(ColumnError, "rows 2")
def csv_cut_in_a_row(kit):
    points_csv(kit, "r1,home,1,2\nr2,ho")
    return {"name": "r.csv", "spec": table(kit)}


@refused(SourceError, "damaged")
def csv_with_an_open_quote(kit):
    points_csv(kit, 'r1,"home,1,2\nr2,home,1,2\n')
    return {"name": "r.csv", "spec": table(kit)}


@refused(ColumnError, "blank", ids=["id,,lon,lat\n", "id,use,lon, \n"])
def csv_with_a_blank_heading(kit, head):
    points_csv(kit, "r1,home,1,2\n", head)
    return {"name": "r.csv", "spec": table(kit)}


@refused(ColumnError, "twice")
def csv_with_a_double_heading(kit):
    points_csv(kit, "r1,home,1,2\n", "id,use,use,lat\n")
    return {"name": "r.csv", "spec": table(kit)}


@refused(SourceError, "zero bytes")
def csv_that_is_no_text(kit):
    kit.file("r.csv").write_bytes(b"id,use\n\x00\x01\x02\n")
    return {"name": "r.csv", "spec": table(kit)}


@refused(SourceError, "no rows")
def csv_with_headings_only(kit):
    points_csv(kit, "")
    return {"name": "r.csv", "spec": table(kit)}


def workbook(kit, rows, sheets=("a",)):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet)
        for row in rows:
            page.append(row)
    book.save(kit.file("r.xlsx"))
    return book


@refused(ColumnError, "blank")
def workbook_with_a_title_above_the_table(kit):
    workbook(kit, [["楼宇表", None], ["id", "use"], ["r1", "home"]])
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(ColumnError, "blank")
def workbook_with_merged_headings(kit):
    book = workbook(kit, [["id", "use", None], ["r1", "home", 3]])
    book["a"].merge_cells("B1:C1")
    book.save(kit.file("r.xlsx"))
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "several sheets")
def workbook_with_two_sheets(kit):
    workbook(kit, [["id", "use"], ["r1", "home"]], ("a", "b"))
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "no sheet 'z'")
def workbook_without_the_sheet(kit):
    workbook(kit, [["id", "use"], ["r1", "home"]])
    return {"name": "r.xlsx", "spec": table(kit), "sheet": "z"}


@refused(SourceError, "formulas without a saved value")
def workbook_with_formulas_never_computed(kit):
    workbook(kit, [["id", "use", "floors"], ["r1", "home", "=1+1"]])
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "damaged", ids=[0.3, 0.9])
def workbook_cut(kit, share):
    workbook(kit, [["id", "use"], ["r1", "home"]])
    data = kit.file("r.xlsx").read_bytes()
    kit.file("r.xlsx").write_bytes(data[: int(share * len(data))])
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "unpacks to more")
def workbook_that_is_a_bomb(kit):
    workbook(kit, [["id", "use"], ["r1", "home"]])
    data = bytearray(kit.file("r.xlsx").read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 2 * 1024**3)
    kit.file("r.xlsx").write_bytes(data)
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "entities")
def workbook_with_entities(kit):
    with zipfile.ZipFile(kit.file("r.xlsx"), "w") as archive:
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><workbook/>')
    return {"name": "r.xlsx", "spec": table(kit)}


@refused(SourceError, "damaged")
def archive_that_is_no_workbook(kit):
    with zipfile.ZipFile(kit.file("r.xlsx"), "w") as archive:
        archive.writestr("../../evil.txt", "x")
    return {"name": "r.xlsx", "spec": table(kit)}


# --- rasters ------------------------------------------------------------------------------------------------


def raster_spec(kit):
    height = Column("elevation_m", "float", "海拔", "Elevation", unit="m", range=(-430.0, 9000.0))
    return replace(kit.spec, geometry="raster", columns={"elevation_m": height}, key="", topology="any")


def geotiff(kit, cells=None, crs="EPSG:4547", nodata=-9999.0, transform=None, count=1):
    cells = np.full((50, 50), 100.0, "float32") if cells is None else cells
    transform = transform or from_origin(495_000, 3_610_000, 200, 200)
    with rasterio.open(
        kit.file("r.tif"), "w", driver="GTiff", height=cells.shape[0], width=cells.shape[1], count=count,
        dtype=cells.dtype, crs=crs, nodata=nodata, transform=transform,
    ) as file:  # fmt: skip
        for band in range(1, count + 1):
            file.write(cells, band)
    return {"name": "r.tif", "spec": raster_spec(kit)}


@refused(SourceError, "not tif")
def vrt_called_tif(kit):
    geotiff(kit)
    shutil.move(kit.file("r.tif"), kit.root.parent / "s.tif")
    kit.file("r.tif").write_text(f'<VRTDataset rasterXSize="1" rasterYSize="1">{kit.root.parent}/s.tif</VRTDataset>')
    return {"name": "r.tif", "spec": raster_spec(kit)}


@refused(SourceError, "damaged", ids=[0.05, 0.5, 0.9])
def raster_cut(kit, share):
    case = geotiff(kit, np.random.default_rng(0).uniform(0, 100, (50, 50)).astype("float32"))
    data = kit.file("r.tif").read_bytes()
    kit.file("r.tif").write_bytes(data[: int(share * len(data))])
    return case


@refused(CrsError, "unknown")
def raster_without_crs(kit):
    return geotiff(kit, crs=None)


@refused(CrsError, "in degrees")
def raster_in_degrees(kit):
    return geotiff(kit, crs="EPSG:4326", transform=from_origin(113.94, 32.63, 0.002, 0.002))


@refused(CrsError, "nothing of the raster")
def raster_elsewhere(kit):
    return geotiff(kit, transform=from_origin(595_000, 3_610_000, 200, 200))


@refused(ColumnError, "nodata")
def raster_without_nodata(kit):
    return geotiff(kit, nodata=None)


@refused(ColumnError, "3 of 2,500 cells are not accepted \\(-32768\\)")
def raster_with_a_fill_that_is_not_declared(kit):
    cells = np.full((50, 50), 100.0, "float32")
    cells[0, :3] = -32768
    return geotiff(kit, cells)


@refused(ColumnError, "no cell has a value")
def raster_of_nodata(kit):
    return geotiff(kit, np.full((50, 50), -9999.0, "float32"))


@refused(SourceError, "3 bands")
def raster_with_several_bands(kit):
    return geotiff(kit, count=3)


@refused(SourceError, "turned")
def raster_turned(kit):
    return geotiff(kit, transform=from_origin(495_000, 3_610_000, 200, 200) * rasterio.Affine.rotation(10))


@refused(CrsError, "not converted")
def raster_in_gcj02(kit):
    return {**geotiff(kit), "datum": "gcj02"}


@refused(SourceError, "cannot serve")
def raster_for_a_layer_of_shapes(kit):
    return {**geotiff(kit), "spec": kit.spec}


@refused(SourceError, "cannot serve")
def shapes_for_a_raster_layer(kit):
    saved(kit, "gpkg")
    return {"name": "r.gpkg", "spec": raster_spec(kit)}


# --- the verdicts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(kit, case):
    arguments = case.build(kit)
    name = arguments.pop("name")
    before = sorted(p.relative_to(kit.root.parent) for p in kit.root.parent.rglob("*"))
    if case.error is not None:
        with pytest.raises((DataError, SpecError), match=case.word) as told:
            kit.load(name, **arguments)
        assert isinstance(told.value, case.error)
    else:
        layer = kit.load(name, **arguments)
        ledger = layer.ledger
        counts = dict(ledger.set_aside)
        assert set(counts) == set(case.set_aside)
        assert all(case.set_aside[k] in (v, ...) for k, v in counts.items())
        assert ledger.n_repaired == case.repaired
        assert any(case.note in note for note in ledger.notes) or not case.note, ledger.notes
        assert ledger.read == ledger.used + ledger.n_repaired + ledger.n_set_aside
        assert len(layer.data) == ledger.used + ledger.n_repaired
        assert (0 if layer.set_aside is None else len(layer.set_aside)) == ledger.n_set_aside
        assert layer.data.geometry.is_valid.all()
    # Nothing is written, unpacked or left behind by reading.
    assert before == sorted(p.relative_to(kit.root.parent) for p in kit.root.parent.rglob("*"))


def test_the_pack_is_large_enough():
    assert len({case.name for case in CASES}) == len(CASES) >= 150


def test_json_with_a_secret_is_not_disclosed(kit):
    secret(kit)
    kit.file("r.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": "../secret.geojson"}))
    with pytest.raises(SourceError):
        kit.load("r.geojson")
