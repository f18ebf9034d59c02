"""The hand-off in every format: the same rows, columns, values, CRS and Chinese text come back."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
import pytest
import shapely

from changping_geo.model import AnalysisError, CrsError, ResultError, SourceError
from changping_geo.present.bundle import bundle_of, read_bundle, write_list
from changping_geo.present.cog import write_cog
from changping_geo.present.export import FORMATS, export, write_bundle
from changping_geo.present.gpkg import write_layers
from changping_geo.present.headings import Heading

PER_LAYER = {"geojson": "geojson", "parquet": "parquet", "fgb": "fgb", "shp": "shp"}


@pytest.fixture
def bundle(rich_run):
    return bundle_of(rich_run)


@pytest.fixture
def published(bundle, tmp_path):
    """A run folder with what an export needs."""
    folder = tmp_path / "run"
    (folder / "gis").mkdir(parents=True)
    write_layers(bundle.layers, bundle.about, folder / "gis" / "testland.gpkg")
    for raster in bundle.rasters:
        write_cog(raster, folder / "gis" / f"{raster.name}.tif")
    write_list(bundle, folder / "gis" / "layers.json")
    return folder


def read(folder, form, name):
    if form == "parquet":
        return gpd.read_parquet(folder / f"{name}.parquet")
    path = folder / f"{name}.{PER_LAYER[form]}" if form in PER_LAYER else folder / f"testland.{form}"
    return pyogrio.read_dataframe(path, layer=name)


def same(back, data, names=None, rtol=0.0):
    """Hold values and texts that came back to what was written."""
    for column in data.columns.drop("geometry"):
        given, found = data[column], back[(names or {}).get(column, column)]
        if given.dtype.kind in "iuf":
            np.testing.assert_allclose(found.to_numpy(float), given.to_numpy(float), rtol=rtol, atol=0)
        else:
            texts = [None if pd.isna(value) else str(value) for value in found]
            assert texts == [None if pd.isna(value) else str(value) for value in given]


@pytest.mark.parametrize("form", ["gpkg", "gdb", "parquet", "fgb", "geojson"])
def test_rows_columns_values_and_text_come_back(bundle, tmp_path, form):
    export(bundle, form, tmp_path)
    for layer in bundle.layers:
        back = read(tmp_path, form, layer.name)
        assert len(back) == len(layer.data)
        assert set(layer.data.columns.drop("geometry")) <= set(back.columns)
        key = layer.data.columns[0]
        back = back.set_index(key).loc[layer.data[key]].reset_index()  # FlatGeobuf sorts its rows by place
        same(back, layer.data, rtol=1e-15 if form == "geojson" else 0)
        if form == "geojson":
            assert back.crs == "EPSG:4326"
            back = back.to_crs(layer.data.crs)
        assert back.crs.to_epsg() == layer.data.crs.to_epsg() == 4547
        near = shapely.hausdorff_distance(back.geometry.to_numpy(), layer.data.geometry.to_numpy())
        assert near.max() < (0.02 if form == "geojson" else 1e-4)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_shapefiles_keep_chinese_text_under_ascii_names(bundle, tmp_path, encoding):
    export(bundle, "shp", tmp_path, encoding=encoding)
    notes = pd.read_csv(tmp_path / "字段说明.csv", dtype=str)
    for layer in bundle.layers:
        assert (tmp_path / f"{layer.name}.cpg").read_text() == encoding.upper()
        names = notes[notes["图层"] == layer.name].set_index("原字段名")["字段"].to_dict()
        back = gpd.read_file(tmp_path / f"{layer.name}.shp")
        assert all(name.isascii() and len(name) <= 10 for name in back.columns.drop("geometry"))
        same(back, layer.data, names, rtol=1e-14)
        assert back.crs == layer.data.crs
        assert shapely.equals(back.geometry.to_numpy(), layer.data.geometry.to_numpy()).all()
    raw = (tmp_path / "towns.dbf").read_bytes()
    assert "西山街道".encode(encoding) in raw


def test_the_table_of_fields_says_what_they_mean(bundle, tmp_path):
    export(bundle, "shp", tmp_path)
    for notes in (
        pd.read_csv(tmp_path / "字段说明.csv", dtype=str),
        pd.read_excel(tmp_path / "字段说明.xlsx", dtype=str),
    ):
        kind = notes[(notes["图层"] == "sites") & (notes["原字段名"] == "kind")].iloc[0]
        assert (kind["图层名称"], kind["中文名"], kind["取值"]) == ("推荐站址", "类别", "fast = 快充；slow = 慢充")
        energy = notes[(notes["图层"] == "towns") & (notes["原字段名"] == "pv_energy_mwh_a")].iloc[0]
        assert (energy["单位"], energy["公式"]) == ("MWh/a", "pv_capacity_kw × yield / 1000")


def test_a_style_beside_a_shapefile_names_its_short_columns(bundle, tmp_path):
    export(bundle, "shp", tmp_path)
    columns = gpd.read_file(tmp_path / "rooftops.shp").columns
    qml = (tmp_path / "rooftops.qml").read_text(encoding="utf-8")
    (attribute,) = {part.split('"')[0] for part in qml.split(' attr="')[1:]}
    assert attribute in columns
    assert attribute in (tmp_path / "rooftops.sld").read_text(encoding="utf-8")


def test_characters_that_gbk_lacks_are_refused_not_lost(bundle, tmp_path):
    towns = bundle.layers[0]
    data = towns.data.assign(name_zh=["𠮷镇", *towns.data["name_zh"][1:]])
    one = dataclasses.replace(bundle, layers=(dataclasses.replace(towns, data=data),))
    with pytest.raises(ResultError, match=r"towns: name_zh holds '𠮷', which gbk lacks; take --encoding utf-8"):
        export(one, "shp", tmp_path, encoding="gbk")


def test_a_text_too_long_for_a_shapefile_is_cut_between_characters_and_told(bundle, tmp_path):
    towns = bundle.layers[0]
    data = towns.data.assign(name_en=["镇" * 200, *towns.data["name_en"][1:]])
    export(dataclasses.replace(bundle, layers=(dataclasses.replace(towns, data=data),)), "shp", tmp_path)
    assert gpd.read_file(tmp_path / "towns.shp")["name_en"][0] == "镇" * 84
    notes = pd.read_csv(tmp_path / "字段说明.csv", dtype=str).set_index("原字段名")
    assert notes["备注"].dropna().to_dict() == {"name_en": "超出254字节的文字被截断"}


def test_geoparquet_is_version_1_1_with_boxes(bundle, tmp_path):
    export(bundle, "parquet", tmp_path)
    about = json.loads(pyarrow.parquet.read_metadata(tmp_path / "towns.parquet").metadata[b"geo"])
    assert about["version"] == "1.1.0"
    assert "bbox" in about["columns"]["geometry"]["covering"]


def test_a_geodatabase_has_chinese_titles_and_a_table_of_fields(bundle, tmp_path):
    export(bundle, "gdb", tmp_path)
    assert "推荐站址".encode("utf-16-le") in b"".join(p.read_bytes() for p in tmp_path.rglob("*.gdbtable")) or (
        "推荐站址".encode() in b"".join(p.read_bytes() for p in tmp_path.rglob("*.gdbtable"))
    )
    notes = pyogrio.read_dataframe(tmp_path / "testland.gdb", layer="field_notes", read_geometry=False)
    assert notes.set_index("field")["title_zh"]["ports"] == "充电桩数量"
    assert pyogrio.read_info(tmp_path / "testland.gdb", layer="sites")["dtypes"][4] == "int32"


def test_kml_has_a_folder_per_layer_in_chinese(bundle, tmp_path, hostile):
    export(bundle, "kml", tmp_path)
    path = tmp_path / "testland.kml"
    assert pyogrio.list_layers(path)[:, 0].tolist() == ["镇街", "建筑屋顶", "推荐站址"]
    towns, sites = (pyogrio.read_dataframe(path, layer=name) for name in ("镇街", "推荐站址"))
    assert towns["Name"].tolist() == ["东庄镇", "西山街道", "南河镇", "北岭镇"]
    assert sites["Name"].tolist()[:2] == ["充电站甲", hostile]
    assert sites["ports"].tolist() == [4, 8, 12]
    assert towns["pv_energy_mwh_a"].tolist() == bundle.layers[0].data["pv_energy_mwh_a"].tolist()
    back = sites.to_crs(bundle.layers[2].data.crs)
    assert back.distance(bundle.layers[2].data.geometry).max() < 0.02
    assert "<img" not in path.read_text(encoding="utf-8")


def test_kml_of_many_rows_is_refused(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("changping_geo.present.kml.MAX_ROWS", 10)
    with pytest.raises(ResultError, match=r"too large: rooftops \(50 rows\)"):
        export(bundle, "kml", tmp_path)


def files(folder):
    return sorted({p.relative_to(folder).as_posix() for p in folder.rglob("*") if ".gdb" not in p.as_posix()})


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_published_is_exported_without_the_run(bundle, published, tmp_path, form):
    before, after = tmp_path / "a", tmp_path / "b"
    for folder, whole in ((before, bundle), (after, read_bundle(published, rasters=form == "cog"))):
        folder.mkdir()
        export(whole, form, folder)
    assert files(before) == files(after)
    assert list(after.iterdir())
    for name in (name for name in files(after) if name.endswith((".shp", ".geojson", ".tif", ".dxf", ".kml"))):
        assert (before / name).read_bytes() == (after / name).read_bytes(), name


def test_a_published_layer_reads_back_as_it_was(bundle, published):
    back = read_bundle(published)
    assert (back.name, back.about, back.sources) == (bundle.name, bundle.about, bundle.sources)
    for found, given in zip(back.layers, bundle.layers, strict=True):
        same(found.data, given.data)
        assert found.styles == given.styles
        assert found.headings == given.headings
        assert (found.words, found.status, found.group) == (given.words, given.status, given.group)
    for found, given in zip(read_bundle(published, rasters=True).rasters, bundle.rasters, strict=True):
        assert found.rules == given.rules
        assert (found.title_zh, found.unit, found.labels_en) == (given.title_zh, given.unit, given.labels_en)


def test_unknown_layers_get_the_known_ones(published):
    with pytest.raises(AnalysisError, match="has no layer roofs; known are: towns, rooftops, sites"):
        read_bundle(published, ["roofs"])
    with pytest.raises(AnalysisError, match=r"known are: towns.*cover is a raster"):
        read_bundle(published, ["cover"])


def test_a_damaged_folder_is_told(published):
    (published / "gis" / "layers.json").write_text("{", encoding="utf-8")
    with pytest.raises(ResultError, match=r"layers\.json or what it lists is damaged"):
        read_bundle(published)
    (published / "gis" / "layers.json").unlink()
    with pytest.raises(ResultError, match="run again"):
        read_bundle(published)


def test_a_disguised_package_is_never_opened(published):
    package = published / "gis" / "testland.gpkg"
    package.write_text("<OGRVRTDataSource/>", encoding="utf-8")
    with pytest.raises(SourceError, match=r"testland\.gpkg: the content is not gpkg"):
        read_bundle(published)


@pytest.mark.parametrize(
    ("crs", "west", "digits"), [("EPSG:4547", 480_000, 6), ("EPSG:4526", 38_480_000, 8), ("EPSG:4490", 113.8, 3)]
)
def test_zones_with_and_without_prefix(bundle, tmp_path, crs, west, digits):
    export(bundle, "gpkg", tmp_path, crs=crs)
    back = gpd.read_file(tmp_path / "testland.gpkg", layer="towns")
    assert back.crs == crs
    assert back.total_bounds[0] == pytest.approx(west, abs=0.5)
    assert len(str(int(back.total_bounds[0]))) == digits


@pytest.mark.parametrize("crs", ["EPSG:2436", "EPSG:2384", "EPSG:4214", "EPSG:4610"])
def test_old_datums_without_parameters_are_refused(bundle, tmp_path, crs):
    with pytest.raises(CrsError, match=r"no published transformation leads from .* carries the seven parameters"):
        export(bundle, "gpkg", tmp_path, crs=crs)
    assert not list(tmp_path.iterdir())


def test_a_local_system_with_its_own_parameters_is_taken(bundle, tmp_path):
    file = tmp_path / "local.prj"
    file.write_text(
        "+proj=tmerc +lon_0=114 +x_0=500000 +ellps=krass +towgs84=100,0,0,0,0,0,0 +units=m", encoding="utf-8"
    )
    (tmp_path / "out").mkdir()
    export(bundle, "gpkg", tmp_path / "out", crs=str(file))
    back = gpd.read_file(tmp_path / "out" / "testland.gpkg", layer="towns")
    plain = bundle.layers[0].data.total_bounds
    # 100 m along the axis through the prime meridian are 100 m × sin(113.8°) to the east here
    assert plain[0] - back.total_bounds[0] == pytest.approx(-100 * np.sin(np.radians(113.8)), abs=12)


@pytest.mark.parametrize(
    ("form", "crs", "said"),
    [
        ("geojson", "EPSG:4490", "WGS84 by its standard"),
        ("kml", "EPSG:4547", "WGS84 by its standard"),
        ("dxf", "EPSG:4490", "a drawing is in metres"),
        ("gpkg", "EPSG:99999", "no coordinate system"),
        ("gpkg", "no/such.wkt", "no coordinate system"),
        ("gpkg", "EPSG:4979", "no plane or geographic system"),
    ],
)
def test_systems_that_do_not_fit_are_told(bundle, tmp_path, form, crs, said):
    with pytest.raises((CrsError, ResultError), match=said):
        export(bundle, form, tmp_path, crs=crs)


def test_a_zone_of_another_area_is_warned_of(bundle, tmp_path, caplog):
    export(bundle, "fgb", tmp_path, crs="EPSG:4554")
    assert "made for another area" in caplog.text


def test_the_bundle_holds_every_format_and_no_large_layer_in_slow_ones(build_run, tmp_path, monkeypatch):
    monkeypatch.setattr("changping_geo.present.export.MANY_ROWS", 10)
    write_bundle(bundle_of(build_run()), tmp_path)
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")}
    wanted = {"testland.gpkg", "testland.gdb", "testland.qgz", "testland.qlr", "testland.dxf", "testland.kml"}
    assert names >= wanted | {"layers.json", "parquet/rooftops.parquet", "shp/towns.shp", "shp/字段说明.csv"}
    assert "shp/rooftops.shp" not in names
    assert set(pyogrio.list_layers(tmp_path / "testland.gdb")[:, 0]) == {"towns", "rooftops", "field_notes"}


def odd(bundle, rows):
    """Return the sites with columns of every kind, `rows` of them, one without a shape."""
    sites = bundle.layers[2]
    data = sites.data.iloc[:rows].assign(
        open=[True, False, True][:rows],
        built=pd.to_datetime(["2024-01-31", None, "2025-06-30"][:rows]),
        number=[2**40, 1, -1][:rows],
        empty=pd.Series([None] * rows, dtype=object),
        中文列名很长很长很长=["甲", "乙", "丙"][:rows],
    )
    data = data.set_geometry(
        [shapely.Point(481_000, 4_401_000), None, shapely.Point(482_000, 4_402_000)][:rows], crs=data.crs
    )
    headings = sites.headings | {c: Heading(c, c, c) for c in data.columns.drop("geometry") if c not in sites.headings}
    return dataclasses.replace(bundle, layers=(dataclasses.replace(sites, data=data, headings=headings),), rasters=())


@pytest.mark.parametrize("rows", [0, 3])
def test_empty_layers_and_columns_of_any_kind_are_written(bundle, tmp_path, rows):
    given = odd(bundle, rows)
    write_bundle(given, tmp_path)
    for form in ("geojson", "fgb"):
        export(given, form, tmp_path)
    names = pd.read_csv(tmp_path / "shp" / "字段说明.csv", dtype=str).set_index("原字段名")["字段"].to_dict()
    found = {
        "gpkg": pyogrio.read_dataframe(tmp_path / "testland.gpkg", layer="sites"),
        "gdb": pyogrio.read_dataframe(tmp_path / "testland.gdb", layer="sites"),
        "shp": gpd.read_file(tmp_path / "shp" / "sites.shp").rename(columns={v: k for k, v in names.items()}),
        "parquet": gpd.read_parquet(tmp_path / "parquet" / "sites.parquet"),
        "geojson": pyogrio.read_dataframe(tmp_path / "sites.geojson"),
        "fgb": pyogrio.read_dataframe(tmp_path / "sites.fgb"),
    }
    for form, back in found.items():
        back = back.sort_values("site_id") if rows else back  # noqa: PLW2901 - FlatGeobuf sorts its rows by place
        assert len(back) == rows, form
        if rows:
            assert back["中文列名很长很长很长"].tolist() == ["甲", "乙", "丙"], form
            assert back["number"].tolist() == [2**40, 1, -1], form
            assert back["open"].astype(bool).tolist() == [True, False, True], form
            assert back["built"].isna().tolist() == [False, True, False], form
            assert back["empty"].isna().all(), form
            assert (back.geometry.isna() | back.geometry.is_empty).tolist() == [False, True, False], form


def test_whole_numbers_with_gaps_survive_in_formats_that_know_no_missing_integer():
    from changping_geo.present.layerfiles import narrow  # noqa: PLC0415

    points = gpd.GeoSeries.from_xy([0.0, 1.0], [0.0, 1.0], crs="EPSG:4549")
    rows = gpd.GeoDataFrame({"year": pd.array([2025, None], dtype="Int64")}, geometry=points)
    kept = narrow(rows)["year"]
    assert kept.iloc[0] == 2025
    assert np.isnan(kept.iloc[1])


def test_a_shape_with_hundreds_of_holes_is_written_without_complaint(tmp_path):
    from changping_geo.present.layerfiles import _write as write  # noqa: PLC0415
    from changping_geo.present.layerfiles import check_rows  # noqa: PLC0415

    holes = [shapely.box(3 * i, 3 * j, 3 * i + 1, 3 * j + 1).exterior.coords for i in range(15) for j in range(15)]
    sieve = shapely.MultiPolygon([shapely.Polygon(shapely.box(-1, -1, 46, 46).exterior.coords, holes)])
    rows = gpd.GeoDataFrame({"name": ["筛"]}, geometry=[sieve], crs="EPSG:4549")
    write(rows, tmp_path / "x.gdb", "sieve", "OpenFileGDB", {})
    check_rows(tmp_path / "x.gdb", {"sieve": 1})
    back = pyogrio.read_dataframe(tmp_path / "x.gdb", layer="sieve")
    assert back.geometry.iloc[0].area == pytest.approx(sieve.area)
