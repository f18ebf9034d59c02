"""Shading of roofs from layers: hand geometry, mirrors, tiles, breaks, mountains, and the status of the result."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine

from changping_geo.layers.rasters import as_dataarray, write_raster
from changping_geo.model import ColumnError, CrsError, GeometryError, SpecError, Status
from changping_geo.solar.horizon import EARTH_RADIUS_M
from changping_geo.solar.shade_classes import COLUMNS, LOSS, MONTHLY, SKY, shade_table, sun_steps
from changping_geo.solar.weather import site_year
from changping_geo.sources import provider, shading
from changping_geo.sources.shading import Effort, shading_of
from changping_geo.workspace import Workspace

CRS = "EPSG:4549"
X, Y, SIDE = 500_000.0, 4_450_000.0, 2_400.0
ALL_CELLS = Effort(cells_per_roof=1000, reach_m=300.0, tile=400)
PLAIN = {"height_m": 10.0, "floors": 3}


def terrain(function=None, cell=60.0):
    """Ground of the made-up places: level at 50 m, or a function of metres from the south-west corner."""
    middle = cell * (np.arange(int(SIDE / cell)) + 0.5)
    x, y = np.meshgrid(middle, middle[::-1])
    z = np.full(x.shape, 50.0) if function is None else function(x, y)
    return as_dataarray(z.astype(np.float32), (cell, 0.0, X, 0.0, -cell, Y + SIDE), CRS, -9999.0, "terrain")


def roofs(*boxes, heights=10.0):
    """Boxes in metres from the south-west corner."""
    shapes = [shapely.box(X + w, Y + s, X + e, Y + n) for w, s, e, n in boxes]
    table = {"roof_id": [f"r{i}" for i in range(len(boxes))], "height_m": heights, "floors": 3}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)


@pytest.fixture(scope="module")
def sun():
    """The year of the made-up district in steps of five minutes."""
    climate = pd.read_csv(Path(__file__).parents[1] / "workspace" / "data_raw" / "climate_monthly.csv")
    return sun_steps(site_year(climate, 40.18, 120.01), 40.18, 120.01)


@pytest.fixture(scope="module")
def table(sun):
    return shade_table(*sun)


@pytest.fixture
def made(sun, table, monkeypatch):
    """Compute the shading of roofs on a terrain; the sun is the same for all and is looked at once."""
    monkeypatch.setattr(shading, "site_year", lambda *_: None)
    monkeypatch.setattr(shading, "sun_steps", lambda *_: sun)
    monkeypatch.setattr(shading, "shade_table", lambda *_, sectors: table if sectors == table.sectors else None)
    place = shapely.box(X, Y, X + SIDE, Y + SIDE)

    def compute(rooftops, ground=None, effort=ALL_CELLS, cache=None, dsm=None, outline=place):
        towns = gpd.GeoDataFrame(geometry=[outline], crs=CRS)
        layers = {"rooftops": rooftops, "terrain": terrain() if ground is None else ground, "towns": towns, "dsm": dsm}
        return shading_of({**layers, "solar_climate": None}.__getitem__, cache, effort, measured=dsm is not None)

    return compute


def plain(cell):
    """Level ground under the whole made-up district, without a building."""
    place = (cell, 0.0, 499_000.0, 0.0, -cell, 4_461_000.0)
    return as_dataarray(np.full((int(12_000.0 / cell),) * 2, 40.0, np.float32), place, CRS, -9999.0)


TERRAIN = """
title_zh = "地形"
title_en = "Terrain"
geometry = "raster"

[columns.elevation_m]
type = "float"
title_zh = "海拔"
title_en = "Elevation"

[[sources]]
id = "delivered"
path = "data_raw/terrain.*"
status = "official"
LINE
"""


def crowd(seed=1, count=30):
    """Houses and towers, some across the borders of tiles, some in a common block."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(1000, 1300, (count, 2))
    boxes = np.c_[corner, corner + rng.uniform(8, 40, (count, 2))]
    return roofs(*boxes, heights=rng.uniform(4, 50, count))


def test_lonely_roofs_on_a_plain_lose_nothing(made):
    found = made(roofs((1000, 1000, 1020, 1010), (400, 2000, 430, 2020)))
    assert found["roof_id"].tolist() == ["r0", "r1"]
    assert found["cells"].tolist() == [50, 150]
    assert (found[list(SKY)] == 1.0).all(axis=None)
    assert (found[[*LOSS, *MONTHLY]] == 0.0).all(axis=None)


def test_a_long_wall_in_the_south_takes_what_its_shadow_says(made, sun):
    """A low roof 20 m behind a slab that is 30 m higher and 800 m long: the sun is hidden below the slab's edge."""
    found = made(roofs((1199, 1000, 1201, 1002), (800, 950, 1600, 980), heights=[5.0, 35.0])).loc[0]
    elevation, azimuth, dni, month = sun
    south = np.maximum(np.cos(np.radians(azimuth - 180.0)), 0.0)
    edge = np.degrees(np.arctan(30.0 * south / 21.0))  # from the roof's middle
    flat = dni * np.sin(np.radians(elevation))
    lost = np.where(elevation < edge, flat, 0.0)
    by_month = np.bincount(month, lost) / np.bincount(month, flat)
    assert found["loss_t00"] == pytest.approx(lost.sum() / flat.sum(), abs=0.03)
    assert found[list(MONTHLY)].to_numpy(float) == pytest.approx(
        by_month, abs=0.12
    )  # at the equinoxes the shadow's edge follows the wall
    assert found["loss_m12"] > 0.9
    lost_sky = (1 - np.sin(np.arctan(21.0 / 30.0))) / 2  # of the sky a long wall hides half of what lies above its foot
    assert 1 - found["sky_view"] == pytest.approx(lost_sky, abs=0.02)


def test_a_mirrored_place_has_mirrored_skies(made):
    boxes = np.array([(1180, 1190, 1196, 1202), (1210, 1180, 1230, 1240), (1150, 1230, 1170, 1250)], float)
    heights = [8.0, 30.0, 14.0]
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = 2400.0 - boxes[:, [2, 0]]
    left, right = made(roofs(*boxes, heights=heights)), made(roofs(*mirrored, heights=heights))
    assert right["sky_view"].to_numpy() == pytest.approx(left["sky_view"].to_numpy(), abs=1e-9)
    for tilt in (10, 45):
        for azimuth in (0, 45, 90, 135, 180):
            other = (360 - azimuth) % 360
            here, there = left[f"sky_t{tilt}_a{azimuth:03d}"], right[f"sky_t{tilt}_a{other:03d}"]
            assert there.to_numpy() == pytest.approx(here.to_numpy(), abs=1e-9)
    assert right["loss_t00"].to_numpy() == pytest.approx(left["loss_t00"].to_numpy(), abs=0.05)


def test_a_taller_neighbour_never_gives_more(made):
    low = crowd()
    high = low.assign(height_m=low["height_m"].where(low.index != 7, low["height_m"] + 40.0))
    before, after = made(low).drop(index=7), made(high).drop(index=7)
    same = (
        (before["cells"] == after["cells"]) & (after["cells"] > 0)
    ).to_numpy()  # where roofs overlap, the taller takes cells from others
    assert same.sum() > 20
    before, after = before[same], after[same]
    assert (after[list(SKY)] <= before[list(SKY)] + 1e-12).all(axis=None)
    assert (after[[*LOSS, *MONTHLY]] >= before[[*LOSS, *MONTHLY]] - 1e-12).all(axis=None)
    assert after["sky_view"].sum() < before["sky_view"].sum()


def test_tiles_hold_the_whole(made):
    wide = ALL_CELLS._replace(reach_m=1000.0, cells_per_roof=6)
    whole, tiled = (made(crowd(2), effort=wide._replace(tile=size)) for size in (5000, 70))
    assert tiled["cells"].tolist() == whole["cells"].tolist()
    assert tiled[list(COLUMNS)].to_numpy() == pytest.approx(whole[list(COLUMNS)].to_numpy(), abs=1e-12)


def test_a_broken_run_is_taken_up_and_gives_the_same_table(made, tmp_path, monkeypatch):
    few = ALL_CELLS._replace(tile=70)
    expected = made(crowd(3), effort=few)
    work, finished = shading.sums_of_cells, []

    def until_it_breaks(*args):
        if len(finished) == 8:
            raise KeyboardInterrupt
        finished.append(work(*args))
        return finished[-1]

    monkeypatch.setattr(shading, "sums_of_cells", until_it_breaks)
    with pytest.raises(KeyboardInterrupt):
        made(crowd(3), effort=few, cache=tmp_path / "tiles")
    kept = sorted(p.name for p in (tmp_path / "tiles").iterdir())
    assert len(kept) == 8
    assert all(name.endswith(".npz") and not name.startswith(".") for name in kept)
    again = []
    monkeypatch.setattr(shading, "sums_of_cells", lambda *args: again.append(1) or work(*args))
    found = made(crowd(3), effort=few, cache=tmp_path / "tiles")
    assert 0 < len(again) == len(list((tmp_path / "tiles").iterdir())) - 8
    pd.testing.assert_frame_equal(found, expected)


def test_a_ridge_beyond_the_buildings_is_counted_once(made):
    """A ridge of 300 m stands 1 km to the south; whether the fine or the coarse raster sees it, it is one ridge."""
    ridge = terrain(lambda _, y: np.where(y < 360.0, 350.0, 50.0))
    house = roofs((1196, 1340, 1204, 1348), heights=0.001)
    far = made(house, ridge, ALL_CELLS._replace(reach_m=100.0)).loc[0]
    near = made(house, ridge, ALL_CELLS._replace(reach_m=1344.0)).loc[0]
    for name in ("sky_view", "sky_t45_a180", "loss_t00", "loss_m12"):
        assert far[name] == pytest.approx(near[name], abs=0.02)
    assert far["loss_m12"] > far["loss_m06"]
    azimuth = np.radians(np.arange(0, 360, 5))
    across = np.maximum(-np.cos(azimuth), 1e-9)
    distance = 1010.0 / across
    edge = np.arctan(np.where(distance * np.abs(np.sin(azimuth)) < 1200, 300.0 / distance, 0.0))
    assert far["sky_view"] == pytest.approx(1 - (np.sin(edge) ** 2).mean(), abs=0.004)
    assert 1010.0**2 / (2 * EARTH_RADIUS_M) < 0.1  # too near for the earth's curve to matter


def test_unknown_heights_and_places_are_told(made):
    rooftops = roofs(
        (1000, 1000, 1020, 1010), (1000, 1100, 1020, 1110), (5000, 0, 5020, 10), heights=[np.nan, 5.0, 5.0]
    )
    rooftops["floors"] = [np.nan, 2, 2]
    found = made(rooftops)
    assert found["cells"].tolist() == [50, 50, 0]
    assert found.loc[2, list(COLUMNS)].isna().all()
    assert found.attrs["notes"] == [
        "1 of 3 roofs have no known height and were taken as 6 m high",
        "1 of 3 roofs lie outside the terrain and have no shading",
    ]
    assert made(rooftops.drop(columns=["height_m", "floors"]))["cells"].tolist() == [50, 50, 0]


def test_terrain_in_degrees_or_with_holes_and_heights_in_centimetres_are_refused(made):
    house = roofs((1000, 1000, 1020, 1010))
    degrees = terrain()
    degrees.attrs["crs"] = "EPSG:4490"
    with pytest.raises(CrsError):
        made(house, degrees)
    holes = terrain()
    holes[3, 4] = -9999.0
    with pytest.raises(ColumnError, match="1 of 1600 cells have no height"):
        made(house, holes)
    with pytest.raises(ColumnError, match="centimetres"):
        made(roofs((1000, 1000, 1020, 1010), heights=1000.0))


def test_the_layer_is_made_once_and_its_status_is_that_of_what_it_rests_on(workspace, monkeypatch):
    write_raster(plain(200.0), workspace / "data_raw" / "terrain.tif")
    first = Workspace(workspace).layer("roof_shading")
    assert len(first.data) == 9
    assert (first.data["cells"] > 0).all()
    assert first.source["rests_on"] == "rooftops, solar_climate, terrain, towns"
    assert first.status == max(Status.RECONSTRUCTED, *(Workspace(workspace).layer(n).status for n in shading.LAYERS))
    assert first.source["status"] == first.status.word
    assert not [p for p in (workspace / ".cache").iterdir() if p.is_dir()]
    monkeypatch.setattr(shading, "shading_of", None)
    again = Workspace(workspace).layer("roof_shading")
    assert again.status == first.status
    assert again.source == first.source
    pd.testing.assert_frame_equal(again.data, first.data)


def test_a_list_of_layers_does_not_wait_for_it(workspace):
    assert Workspace(workspace).waits("roof_shading")
    assert not Workspace(workspace).waits("rooftops")
    assert provider("shading.roof_shading") is shading.roof_shading


def surface_of(rooftops, ground=50.0, cell=2.0, crs=CRS, trees=()):
    """A delivered surface model of the made-up place: level ground, the roofs at their heights, and trees."""
    shape = (int(SIDE / cell),) * 2
    place = Affine(cell, 0.0, X, 0.0, -cell, Y + SIDE)
    burnt = [(s, ground + h) for s, h in zip(rooftops.geometry, rooftops["height_m"], strict=True)]
    burnt += [(shapely.box(X + w, Y + s, X + e, Y + n), ground + h) for w, s, e, n, h in trees]
    cells = rasterize(burnt, shape, fill=ground, transform=place, dtype="float32")
    return as_dataarray(cells, tuple(place)[:6], crs, -9999.0, "dsm")


def test_a_delivered_surface_of_the_same_blocks_gives_the_same_shade(made):
    houses = crowd(4, 12)
    blocks = made(houses)
    found = made(houses.drop(columns=["height_m", "floors"]), dsm=surface_of(houses))
    assert found["cells"].sum() == pytest.approx(blocks["cells"].sum(), rel=0.05)
    same = (found["cells"] == blocks["cells"]) & (found["cells"] > 0)
    assert same.sum() > 8
    assert found.loc[same, "sky_view"].to_numpy() == pytest.approx(blocks.loc[same, "sky_view"].to_numpy(), abs=0.01)
    assert found.loc[same, "loss_t00"].to_numpy() == pytest.approx(blocks.loc[same, "loss_t00"].to_numpy(), abs=0.03)
    assert "m above what lies beside them in the median" in found.attrs["notes"][0]


def test_trees_of_a_delivered_surface_take_sun_that_blocks_leave(made):
    house = roofs((1000, 1000, 1020, 1010), heights=5.0)
    row = (960, 975, 1060, 985, 18.0)
    found = made(house, dsm=surface_of(house, trees=[row])).loc[0]
    assert made(house).loc[0, "loss_m12"] == 0.0
    assert found["loss_m12"] > 0.3
    assert found["loss_m06"] < 0.05


def test_roofs_beyond_a_delivered_surface_are_told(made):
    houses = roofs((1000, 1000, 1020, 1010), (5000, 1000, 5020, 1010))
    found = made(houses, dsm=surface_of(houses))
    assert found["cells"].tolist() == [50, 0]
    assert "1 of 2 roofs lie outside the surface model and have no shading" in found.attrs["notes"]


def test_a_delivered_surface_that_cannot_be_is_refused(made):
    house = roofs((1000, 1000, 1020, 1010))
    with pytest.raises(CrsError, match="warp it to the metric CRS"):
        made(house, dsm=surface_of(house, crs="EPSG:4490"))
    with pytest.raises(CrsError, match="warp one to the other's CRS"):
        made(house, dsm=surface_of(house, crs="EPSG:4548"))
    with pytest.raises(ColumnError, match=r"1000 m above their surroundings.*centimetres"):
        made(house, dsm=surface_of(house) * 100.0)
    with pytest.raises(GeometryError, match="cells of 30 m, in which no house is seen"):
        made(house, dsm=surface_of(house, cell=30.0))
    with pytest.raises(GeometryError, match="none of 1 roofs lies on both"):
        made(roofs((9000, 1000, 9020, 1010)), dsm=surface_of(house))


CLIPPED = shapely.box(X + 600, Y + 600, X + 1800, Y + 1800)


def clipped(raster):
    """The raster of a district whose outline is `CLIPPED`: nothing outside."""
    x, y = np.meshgrid(raster["x"], raster["y"])
    inside = shapely.contains_xy(CLIPPED, x, y)
    return raster.where(inside, -9999.0).astype(np.float32).assign_attrs(raster.attrs)


def test_a_terrain_clipped_to_the_outline_is_refused_with_its_remedy(made):
    with pytest.raises(ColumnError, match=r'1200 of 1600 cells.* 0 of them in.*beyond = "no_obstacle".*terrain\.toml'):
        made(roofs((1000, 1000, 1020, 1010)), clipped(terrain()), outline=CLIPPED)


@pytest.mark.parametrize("kind", ["terrain", "dsm"])
def test_nothing_stands_beyond_a_clipped_raster_when_that_is_declared(made, kind):
    """A ridge outside is lost with the cells, which is told; what stands inside is seen as before."""
    houses = roofs((610, 1000, 630, 1010), (1000, 1000, 1020, 1010), (1000, 970, 1020, 985), heights=[5.0, 5.0, 25.0])
    ridge = terrain(lambda x, _: np.where(x < 300.0, 250.0, 50.0))
    whole = {"dsm": surface_of(houses)} if kind == "dsm" else {}
    cut = {name: clipped(raster).assign_attrs(beyond="no_obstacle") for name, raster in whole.items()}
    before = made(houses, ridge, **whole)
    after = made(houses, clipped(ridge).assign_attrs(beyond="no_obstacle"), outline=CLIPPED, **cut)
    assert after["cells"].tolist() == before["cells"].tolist()
    level = made(houses, **whole)
    assert after[list(COLUMNS)].to_numpy() == pytest.approx(level[list(COLUMNS)].to_numpy(), abs=1e-9)
    assert after.loc[0, "sky_view"] > before.loc[0, "sky_view"]
    note = next(note for note in after.attrs["notes"] if note.startswith(f"{kind}: 75.0% of its cells, all beyond"))
    assert "yields are rather too high, above all of the 1 of 3 roofs within 300 m of the outline" in note


@pytest.mark.parametrize("kind", ["terrain", "dsm"])
def test_holes_in_the_district_are_refused_whatever_is_declared(made, kind):
    house = roofs((1000, 1000, 1020, 1010))
    given = {"terrain": terrain(), "dsm": surface_of(house)}
    at = given[kind].shape[0] // 2
    given[kind][at, at] = -9999.0
    given[kind].attrs["beyond"] = "no_obstacle"
    with pytest.raises(ColumnError, match=f"{kind}: 1 of .* cells have no height, 1 of them in the district; fill"):
        made(house, given["terrain"], dsm=given["dsm"])


def test_a_surface_delivered_later_makes_the_shade_anew_and_removed_again_brings_the_old_back(workspace):
    write_raster(plain(200.0), workspace / "data_raw" / "terrain.tif")
    blocks = Workspace(workspace).layer("roof_shading")
    assert blocks.source["rests_on"] == "rooftops, solar_climate, terrain, towns"
    write_raster(plain(8.0), workspace / "data_raw" / "dsm.tif")
    measured = Workspace(workspace)
    assert measured.waits("roof_shading")
    assert measured.layer("roof_shading").source["rests_on"] == "dsm, rooftops, solar_climate, terrain, towns"
    assert (measured.layer("roof_shading").data["sky_view"] == 1.0).all()
    (workspace / "data_raw" / "dsm.tif").unlink()
    again = Workspace(workspace)
    assert not again.waits("roof_shading")
    pd.testing.assert_frame_equal(again.layer("roof_shading").data, blocks.data)


def test_what_lies_beyond_is_declared_in_the_source_of_a_layer(workspace):
    (workspace / "layers" / "terrain.toml").write_text(TERRAIN.replace("LINE", 'beyond = "no_obstacle"'), "utf-8")
    write_raster(plain(200.0), workspace / "data_raw" / "terrain.tif")
    assert Workspace(workspace).layer("terrain").data.attrs["beyond"] == "no_obstacle"
    (workspace / "layers" / "terrain.toml").write_text(TERRAIN.replace("LINE", 'beyond = "sea"'), "utf-8")
    with pytest.raises(SpecError, match="beyond = 'sea' is unknown; use one of: refuse, no_obstacle"):
        Workspace(workspace)


def test_a_layer_that_nobody_delivered_is_none_to_a_workspace_and_no_error(workspace):
    ws = Workspace(workspace)
    assert not ws.has("dsm")
    assert ws.has("roof_shading")
    assert ws.has("towns")
