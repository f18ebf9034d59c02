from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin

from changping_geo.layers.spec import Column

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "fgb", "parquet", "gdb", "kml"])
def test_every_format_gives_the_same_layer(kit, suffix):
    frame = kit.squares().assign(name="昌平镇", height_m=[2.0, 3.5, 4.0, 5.0, 6.0, 7.0])
    path = kit.file(f"r.{suffix}")
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix in ("geojson", "kml"):
        # KML has a column called id of its own.
        frame = frame.rename(columns={"id": "code"})
        frame.to_crs(4490 if suffix == "geojson" else 4326).to_file(
            path, **({"driver": "KML"} if suffix == "kml" else {})
        )
    else:
        frame.to_file(path, **({"driver": "OpenFileGDB"} if suffix == "gdb" else {}))
    rename = {"code": "id"} if "code" in frame else {}
    layer = kit.load(path.name, rename=rename | ({"Name": "name"} if suffix == "kml" else {}))
    # FlatGeobuf orders its rows by place.
    data = layer.data.sort_values("id")
    assert data["id"].tolist() == [f"r{i}" for i in range(6)]
    assert data["name"].tolist() == ["昌平镇"] * 6
    assert data["height_m"].tolist() == [2.0, 3.5, 4.0, 5.0, 6.0, 7.0]
    assert layer.data.crs == kit.frame.crs
    assert layer.data.area.to_numpy() == pytest.approx(10_000.0, rel=1e-6)
    assert layer.ledger.used == layer.ledger.read == 6
    assert len(layer.source["sha256"]) == 64


def test_a_layer_of_several_is_named(kit):
    for name, n in (("a", 2), ("b", 3)):
        kit.squares(n).to_file(kit.file("r.gpkg"), layer=name)
    assert len(kit.load("r.gpkg", layer="b").data) == 3


def table(kit):
    columns = ["id", "count", "share", "open", "name"]
    kinds = ["text", "int", "float", "bool", "text"]
    cards = {n: Column(n, k, n, n) for n, k in zip(columns, kinds, strict=True)}
    return replace(kit.spec, geometry="table", topology="any", columns=cards, key="id")


def test_csv_keeps_codes_as_text_and_reads_numbers_as_people_write_them(kit):
    kit.file("t.csv").write_text(
        'id,count,share,open,name\n110114002000,"1,234",0.5,是,=1+1\n007,５,-2e-3,no,\n', encoding="utf-8-sig"
    )
    data = kit.load("t.csv", table(kit)).data
    assert data["id"].tolist() == ["110114002000", "007"]
    assert data["count"].tolist() == [1234, 5]
    assert data["count"].dtype == np.int64
    assert data["share"].tolist() == [0.5, -0.002]
    assert data["open"].tolist() == [True, False]
    assert data["name"].isna().tolist() == [False, True]


def test_excel_gives_the_same_table(kit):
    book = openpyxl.Workbook()
    for row in (
        ["id", "count", "share", "open", "name"],
        [110114002000, 1234, 0.5, True, "甲"],
        ["007", "5", None, 0, None],
    ):
        book.active.append(row)
    book.active.append([None] * 5)
    book.save(kit.file("t.xlsx"))
    data = kit.load("t.xlsx", table(kit)).data
    assert data["id"].tolist() == ["110114002000", "007"]
    assert data["count"].tolist() == [1234, 5]
    assert data["open"].tolist() == [True, False]
    assert np.isnan(data["share"].iloc[1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen(kit, delimiter):
    kit.file("t.csv").write_text(delimiter.join(["id", "count"]) + "\n" + delimiter.join(["a", "3"]) + "\n")
    assert kit.load("t.csv", table(kit)).data["count"].tolist() == [3]


def test_codes_that_were_stored_as_numbers_become_text(kit):
    pd.DataFrame({"id": [110114002000.0, 2.0], "count": [1.0, np.nan]}).to_parquet(kit.file("t.parquet"))
    data = kit.load("t.parquet", table(kit)).data
    assert data["id"].tolist() == ["110114002000", "2"]
    assert data["count"].dtype == np.float64
    assert data.columns.tolist() == ["id", "count", "share", "open", "name"]


def test_a_layer_read_as_a_table_leaves_its_shapes(kit):
    kit.squares().to_file(kit.file("r.gpkg"))
    spec = replace(table(kit), columns={"id": kit.spec.columns["id"]})
    data = kit.load("r.gpkg", spec).data
    assert not isinstance(data, gpd.GeoDataFrame)
    assert len(data) == 6


def test_words_and_columns_are_mapped(kit):
    frame = kit.squares(3).rename(columns={"id": "代码", "use": "用途"})
    frame["用途"] = ["住宅", "商店", "home"]
    frame.to_file(kit.file("r.gpkg"))
    layer = kit.load("r.gpkg", rename={"代码": "id", "用途": "use"}, values={"use": {"住宅": "home", "商店": "shop"}})
    assert layer.data["use"].tolist() == ["home", "shop", "home"]
    assert any("'代码' → id" in note for note in layer.ledger.notes)


@pytest.mark.parametrize(("lon", "lat"), [("lon", "lat"), ("经度", "纬度"), ("x", "y")])
def test_points_of_a_table_are_placed(kit, lon, lat):
    kit.file("p.csv").write_text(f"id,use,{lon},{lat}\na,home,114.0,32.55\n", encoding="utf-8")
    named = {"lon": lon, "lat": lat} if lon == "x" else {}
    layer = kit.load("p.csv", replace(kit.spec, geometry="point"), **named)
    assert layer.data.geometry.x.iloc[0] == pytest.approx(500_000.0, abs=0.01)


def test_declared_crs_serves_files_without_one(kit):
    kit.squares().to_file(kit.file("r.shp"))
    kit.file("r.prj").unlink()
    assert len(kit.load("r.shp", crs=kit.frame.crs).data) == 6


def test_old_datum_with_its_parameters_is_accepted(kit):
    crs = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0 +units=m"
    kit.squares().set_crs(crs, allow_override=True).to_parquet(kit.file("r.parquet"))
    moved = kit.load("r.parquet").data.geometry.iloc[0].centroid.distance(kit.squares().geometry.iloc[0].centroid)
    assert 10.0 < moved < 300.0


def write(path, cells, transform, nodata=-9999.0, crs="EPSG:4547"):
    with rasterio.open(
        path, "w", driver="GTiff", height=cells.shape[0], width=cells.shape[1], count=1, dtype=cells.dtype,
        crs=crs, nodata=nodata, transform=transform,
    ) as file:  # fmt: skip
        file.write(cells, 1)


def raster_spec(kit):
    return replace(kit.spec, geometry="raster", columns={"h": Column("h", "float", "h", "h", range=(0, 9))}, key="")


def test_raster_becomes_an_array_with_its_place(kit):
    cells = np.array([[1, 2, 3], [4, -9999, 6]], dtype="float32")
    write(kit.file("r.tif"), cells, from_origin(495_000, 3_610_000, 1000, 500))
    data = kit.load("r.tif", raster_spec(kit)).data
    assert data.dims == ("y", "x")
    assert data.x.to_numpy().tolist() == [495_500, 496_500, 497_500]
    assert data.y.to_numpy().tolist() == [3_609_750, 3_609_250]
    assert data.attrs == {
        "crs": "EPSG:4547",
        "transform": (1000.0, 0.0, 495_000.0, 0.0, -500.0, 3_610_000.0),
        "nodata": -9999.0,
    }
    assert (data.to_numpy() == cells).all()


def test_raster_in_degrees_is_accepted_when_declared_and_stays_in_degrees(kit):
    write(kit.file("r.tif"), np.ones((9, 9), "float32"), from_origin(113.94, 32.63, 0.01, 0.01), crs="EPSG:4326")
    data = kit.load("r.tif", raster_spec(kit), crs="EPSG:4326").data
    assert data.attrs["crs"] == "EPSG:4326"


def test_raster_with_its_first_row_in_the_south_is_turned(kit):
    cells = np.array([[1, 2], [3, 4]], dtype="float32")
    write(kit.file("r.tif"), cells, rasterio.Affine(1000, 0, 495_000, 0, 1000, 3_600_000))
    data = kit.load("r.tif", raster_spec(kit)).data
    assert data.to_numpy().tolist() == [[3, 4], [1, 2]]
    assert data.y.to_numpy().tolist() == [3_601_500, 3_600_500]
    assert data.attrs["transform"] == (1000, 0, 495_000, 0, -1000, 3_602_000)
