"""Files as they are delivered, recognised and taken in whole; what does not fit leaves the workspace as it was."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import from_origin
from rasterio.windows import Window

from changping_geo.catalogue import check
from changping_geo.cli import main
from changping_geo.intake.unpack import unpack
from changping_geo.layers.register import Register
from changping_geo.model import AnalysisError, DataError, SourceError, Status
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


def entry(root, layer):
    """The first source of the workspace's own TOML of a layer."""
    return tomllib.loads((root / "layers" / f"{layer}.toml").read_text(encoding="utf-8"))["sources"][0]


def test_a_gbk_shapefile_zip_with_cut_field_names_becomes_rooftops_and_the_analysis_runs(desk, made):
    desk.take(made["gbk_roofs"](desk.inbox))
    first = entry(desk.root, "rooftops")
    assert first["path"] == "data_raw/房屋普查/建筑.shp"
    assert first["rename"]["建筑物高度"] == "height_m"
    assert first["rename"]["已装光伏容"] == "pv_installed_kw"
    assert first["values"]["use"]["学校"] == "education"
    assert "gb18030" in desk.shown
    ws = Workspace(desk.root)
    roofs = ws.layer("rooftops")
    assert roofs.status is Status.OFFICIAL
    assert roofs.data["height_m"].tolist()[:4] == [9.0, 18.0, 30.5, 6.2]
    assert "建筑.shp" in check(desk.root, ["rooftops"], "zh")
    Register.read(desk.root).verify(desk.root / first["path"])


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "wgs84"])
def test_a_table_of_a_web_map_without_any_sign_is_registered_by_the_towns_that_it_names(desk, made, datum):
    file = made["amap_chargers"](desk.inbox, datum=datum, name="充电站.csv", headings={"typecode": "t", "adname": "u"})
    desk.take(file)
    assert entry(desk.root, "charging_stations").get("datum", "cgcs2000") == datum
    truth = gpd.GeoSeries(shapely.points(made["points"](300)[0]), crs="EPSG:4549")
    assert Workspace(desk.root).layer("charging_stations").data.distance(truth).max() < 1.0


def test_a_web_maps_own_columns_tell_the_datum_and_what_is_assumed_is_said(desk, made):
    file = made["amap_chargers"](desk.inbox, name="poi.csv", headings={"镇街": "备注"})
    desk.take(file, "charging_stations")
    first = entry(desk.root, "charging_stations")
    assert (first["datum"], first["status"], first["fill"]) == ("gcj02", "open", {"status": "operating"})
    assert "assumed for every row" in desk.shown


def test_points_that_leave_the_outline_as_gcj02_does_are_recognised_without_names_and_towns(desk, made):
    file = made["amap_chargers"](
        desk.inbox, name="充电站.csv", headings={"镇街": "备注", "typecode": "t", "adname": "u"}
    )
    desk.take(file)
    assert entry(desk.root, "charging_stations")["datum"] == "gcj02"
    assert "registration against the outline" in desk.shown


def test_columns_named_after_baidu_choose_bd09(desk, made):
    file = made["amap_chargers"](
        desk.inbox, datum="bd09", name="充电站.csv", headings={"lng": "bd_lon", "lat": "bd_lat", "镇街": "备注"}
    )
    desk.take(file)
    assert entry(desk.root, "charging_stations")["datum"] == "bd09"


def test_a_workbook_with_merged_headings_becomes_parking(desk, made):
    desk.take(made["workbook"](desk.inbox))
    first = entry(desk.root, "parking")
    assert first["header"] == [3, 4]
    assert (first["lon"], first["lat"]) == ("坐标/经度", "坐标/纬度")
    lots = Workspace(desk.root).layer("parking").data
    assert lots["spaces"].tolist() == list(range(50, 62))
    assert set(lots["kind"]) == {"public", "residential"}


def test_a_geodatabase_gives_its_layer_that_fits_and_tells_of_the_other(desk, made):
    desk.take(made["geodatabase"](desk.inbox))
    first = entry(desk.root, "heat_pump_projects")
    assert (first["path"], first["layer"]) == ("data_raw/热泵.gdb", "热泵项目")
    projects = Workspace(desk.root).layer("heat_pump_projects").data
    assert projects["heated_area_m2"].tolist() == [12_000.0, 300_000.0, 45_000.0]
    assert projects["kind"].tolist() == ["shallow_ground", "sewage", "air"]


def test_forest_stands_with_the_zone_in_their_eastings_find_their_zone_units_and_key(desk, made):
    desk.take(made["stands"](desk.inbox))
    first = entry(desk.root, "forest")
    assert first["crs"] == "EPSG:4528"
    assert first["key_from"] == ["林班", "小班"]
    layer = Workspace(desk.root).layer("forest")
    assert layer.data["volume_m3_ha"].tolist()[:5] == [48.0, 31.5, 69.0, 75.0, 49.5]
    assert layer.data["canopy_cover"].tolist()[:4] == [0.6, 0.7, 0.85, 0.4]
    assert layer.data["stand_id"].tolist()[:2] == ["000-00", "000-01"]
    assert any("volume_m3_ha: the file's numbers multiplied by 15" in note for note in layer.ledger.notes)
    where = gpd.GeoSeries(made["squares"](20, 800.0), crs=layer.data.crs)
    assert layer.data.distance(where).max() < 0.01


def test_shapes_with_northing_first_are_turned(desk, made):
    frame = gpd.GeoDataFrame({"zone_id": ["a", "b"]}, geometry=made["squares"](2), crs="EPSG:4549")
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    frame.to_file(desk.inbox / "生态保护红线.gpkg")
    desk.take(desk.inbox / "生态保护红线.gpkg")
    assert entry(desk.root, "red_line")["axes"] == "yx"
    assert len(Workspace(desk.root).layer("red_line").data) == 2


CHILD = """
import re, sys
from pathlib import Path
from changping_geo.intake.verb import import_file
print(import_file(Path(sys.argv[1]), Path(sys.argv[2]), language="en", show=print, confirm=lambda: True))
# The kernel's own mark of the most memory since the program began; getrusage would count the parent's too.
print("PEAK", int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.fixture
def tile(desk):
    """A tile of 36,000 × 36,000 cells in degrees, as a land-cover service has them; forest in the west."""
    x, y = Transformer.from_crs("EPSG:4549", "EPSG:4326", always_xy=True).transform(505_000.0, 4_455_000.0)
    west, north, step = np.floor(x / 3.0) * 3.0, np.ceil(y / 3.0) * 3.0, 3.0 / 36_000
    path = desk.inbox / "ESA_WorldCover_10m_2021_v200_Map.tif"
    column, row = int((x - west) / step), int((north - y) / step)
    with rasterio.open(
        path, "w", driver="GTiff", width=36_000, height=36_000, count=1, dtype="uint8", crs="EPSG:4326", nodata=0,
        transform=from_origin(west, north, step, step), tiled=True, blockxsize=1024, blockysize=1024,
        compress="deflate", SPARSE_OK=True,
    ) as file:  # fmt: skip
        file.write(np.full((1400, 700), 10, np.uint8), 1, window=Window(column - 700, row - 700, 700, 1400))
        file.write(np.full((1400, 700), 50, np.uint8), 1, window=Window(column, row - 700, 700, 1400))
    return path


def test_a_land_cover_tile_is_cut_to_the_district_without_reading_it_whole(desk, tile):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, desk.root, tile], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.rpartition("PEAK ")[2]) < 300  # MB; the tile has 1,296 MB of cells
    first = entry(desk.root, "land_cover")
    assert first["path"].endswith("_district.tif")
    assert (desk.root / "data_raw" / tile.name).read_bytes() == tile.read_bytes()
    cells = Workspace(desk.root).layer("land_cover").data.to_numpy()
    assert max(cells.shape) < 2_000
    assert set(np.unique(cells)) <= {0, 10, 50}
    assert {10, 50} <= set(np.unique(cells))
    Register.read(desk.root).verify(desk.root / "data_raw" / tile.name)


def fits_nothing(desk, made):
    path = desk.inbox / "x.geojson"
    gpd.GeoDataFrame({"foo": [1, 2]}, geometry=made["squares"](2), crs="EPSG:4549").to_file(path)
    return path, ""


def two_layers_alike(desk, made):
    path = desk.inbox / "两个.gpkg"
    for name in ("楼a", "楼b"):
        frame = gpd.GeoDataFrame({"建筑用途": ["工业"], "高度": [9.0]}, geometry=made["squares"](1), crs="EPSG:4549")
        frame.to_file(path, layer=name, mode="a" if path.exists() else "w")
    return path, ""


def wrong_layer(desk, made):
    return made["workbook"](desk.inbox), "roads"


def wrong_columns(desk, made):
    return made["gbk_roofs"](desk.inbox), "forest"


def elsewhere(desk, made):
    path = desk.inbox / "建筑.geojson"
    shapes = shapely.transform(made["squares"](2), lambda xy: xy + np.array([2_000_000.0, 0.0]))
    gpd.GeoDataFrame({"建筑用途": ["工业"] * 2, "高度": [9.0] * 2}, geometry=shapes, crs="EPSG:4549").to_file(path)
    return path, ""


def no_such_kind(desk, made):
    path = desk.inbox / "plan.dwg"
    path.write_bytes(b"AC1027")
    return path, ""


def too_much_set_aside(desk, made):
    path = desk.inbox / "建筑.geojson"
    frame = gpd.GeoDataFrame(
        {"建筑用途": ["工业"] * 4, "高度": [9.0, 9000.0, 9000.0, 8.0]}, geometry=made["squares"](4), crs="EPSG:4549"
    )
    frame.to_file(path)
    return path, ""


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (fits_nothing, "fits no layer. The best candidates"),
        (two_layers_alike, "name one with --layer"),
        (wrong_layer, "cannot serve layer 'roads'"),
        (wrong_columns, "missing: species"),
        (elsewhere, "lies in reach of the district"),
        (no_such_kind, "never opened"),
        (too_much_set_aside, "rows would be set aside"),
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_what_does_not_fit_is_refused_with_one_message_and_leaves_no_trace(desk, made, build, word, capsys):
    path, layer = build(desk, made)
    before = desk.everything()
    command = [
        "import",
        str(path),
        "--yes",
        "--quiet",
        "--workspace",
        str(desk.root),
        *(["--as", layer] if layer else []),
    ]
    assert main(command) == 2
    assert word in capsys.readouterr().err
    assert desk.everything() == before


@pytest.mark.parametrize("kind", ["leaves", "absolute", "link", "swells", "encrypted", "no archive"])
def test_an_archive_that_is_a_trap_is_never_opened(tmp_path, made, kind):
    with pytest.raises(SourceError):
        unpack(made["hostile"](tmp_path, kind), tmp_path / "room")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [f"{kind}.zip"]


def test_an_archive_in_an_archive_is_not_looked_into(desk, made):
    before = desk.everything()
    with pytest.raises(SourceError, match="nothing in it can be read"):
        desk.take(made["hostile"](desk.inbox, "nested"))
    assert desk.everything() == before


def test_an_unknown_layer_is_told_with_the_known_ones(desk, made):
    with pytest.raises(AnalysisError, match=r"known are: .*rooftops"):
        desk.take(made["workbook"](desk.inbox), "roofs")


def test_without_confirmation_nothing_is_written(desk, made):
    before = desk.everything()
    with pytest.raises(SourceError, match="not confirmed"):
        desk.take(made["workbook"](desk.inbox), confirm=lambda: False)
    assert desk.everything() == before
    assert "held to the layer's contract: read 12, used 12" in desk.shown


def test_a_failure_half_way_takes_everything_back(desk, made, monkeypatch):
    file = made["workbook"](desk.inbox)
    before = desk.everything()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("changping_geo.intake.settle.replace_whole", fail)
    with pytest.raises(OSError, match="disk full"):
        desk.take(file)
    assert desk.everything() == before


def test_a_file_of_the_same_name_is_never_written_over(desk, made):
    file = made["workbook"](desk.inbox)
    (desk.root / "data_raw" / file.name).write_bytes(b"delivered before")
    with pytest.raises(SourceError, match="there already"):
        desk.take(file)
    assert (desk.root / "data_raw" / file.name).read_bytes() == b"delivered before"


def test_the_same_file_twice_leaves_one_entry_and_comments_stay(desk, made):
    toml = desk.root / "layers" / "parking.toml"
    standard = Path(Workspace(desk.root).spec("parking").file).read_text(encoding="utf-8")
    toml.write_text(standard.replace("[[sources]]", "# what the bureau said\n[[sources]]", 1), encoding="utf-8")
    file = made["workbook"](desk.inbox)
    for _ in range(2):
        desk.take(file)
    text = toml.read_text(encoding="utf-8")
    assert text.count('停车.xlsx"\n') == 2  # path and origin of one entry
    assert '# what the bureau said\n[[sources]]\nid = "delivered"' in text
    assert [s.id for s in Workspace(desk.root).spec("parking").sources][:2] == ["imported", "delivered"]


def test_an_analysis_runs_on_imported_parks(desk, made):
    frame = gpd.GeoDataFrame(
        {"公园名称": ["东园", "西园"], "公园类型": ["社区公园", "游园"], "开放年份": [2001, 2015]},
        geometry=made["squares"](2, 200.0),
        crs="EPSG:4549",
    )
    frame.to_file(desk.inbox / "公园.gpkg")
    desk.take(desk.inbox / "公园.gpkg")
    assert "公园.gpkg" in check(desk.root, ["parks"], "zh")
    found = Workspace(desk.root).run("green_indicators").by_town.loc["district"]
    assert found["park_all_m2"] == pytest.approx(2 * 200.0**2)


def test_hostile_headings_and_words_stay_text(desk, made):
    nasty = '名称"]\n[frame]\nname = "x'
    frame = gpd.GeoDataFrame(
        {nasty: ["=1+1", "<script>"], "建筑用途": ["工业\n", "住宅"], "高度": [9.0, 8.0]},
        geometry=made["squares"](2),
        crs="EPSG:4549",
    )
    frame.to_parquet(desk.inbox / "建筑.parquet")
    desk.take(desk.inbox / "建筑.parquet", "rooftops")
    assert Workspace(desk.root).frame.name != "x"
    assert Workspace(desk.root).layer("rooftops").ledger.used == 2


def test_a_projected_table_with_x_as_northing_is_read_the_right_way(desk):
    table = pd.DataFrame(
        {"站名": ["甲充电站", "乙充电站"], "X": [4_451_000.0, 4_452_000.0], "Y": [501_000.0, 502_000.0], "状态": "在用"}
    )
    table.to_csv(desk.inbox / "充电.csv", index=False, encoding="gb18030")
    desk.take(desk.inbox / "充电.csv")
    first = entry(desk.root, "charging_stations")
    assert (first["lon"], first["lat"], first["crs"]) == ("Y", "X", "EPSG:4549")
    found = Workspace(desk.root).layer("charging_stations").data
    assert (found.geometry.x.tolist(), set(found["status"])) == ([501_000.0, 502_000.0], {"operating"})


def test_the_best_layer_of_an_archive_with_several_is_taken_and_another_by_name(desk, made):
    path = desk.inbox / "资料.gpkg"
    roofs = gpd.GeoDataFrame(
        {"建筑用途": ["工业"] * 2, "高度": [9.0] * 2}, geometry=made["squares"](2), crs="EPSG:4549"
    )
    roofs.to_file(path, layer="建筑")
    lines = shapely.linestrings([[[500_100, 4_450_100], [509_000, 4_450_100]]])
    gpd.GeoDataFrame({"道路等级": ["主干路"], "路名": ["一路"]}, geometry=lines, crs="EPSG:4549").to_file(
        path, layer="道路", mode="a"
    )
    desk.take(path, inner="道路")
    assert entry(desk.root, "roads")["layer"] == "道路"
    desk.take(path, "rooftops")
    assert entry(desk.root, "rooftops")["layer"] == "建筑"
    with pytest.raises(DataError, match="nothing called"):
        desk.take(path, inner="河流")
