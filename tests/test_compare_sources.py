"""Two sources of one layer side by side, on squares whose areas are counted by eye."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from changping_geo.cli import main
from changping_geo.model import SpecError
from changping_geo.sources_compare import compare_sources, publish_sources
from changping_geo.workspace import Workspace


@pytest.fixture
def two_sources(workspace):
    """Delivered: the nine roofs. Open: one of them, one that covers half of another, and one of its own."""
    delivered = gpd.read_file(workspace / "data_raw" / "rooftops.geojson")
    shapes = [
        delivered.geometry[0],
        shapely.affinity.scale(delivered.geometry[1], 0.5, 1.0),
        shapely.box(509_000, 4_459_000, 509_100, 4_459_100),
    ]
    (workspace / "data_raw" / "open").mkdir()
    frame = gpd.GeoDataFrame(
        {"roof_id": ["<b>a", "=b", "c"], "use": "other", "height_m": [10.0, 20.0, 30.0]},
        geometry=shapes,
        crs=delivered.crs,
    )
    frame.to_file(workspace / "data_raw" / "open" / "rooftops.geojson")
    return workspace, delivered.to_crs("EPSG:4549"), frame


def test_counts_areas_and_what_only_one_has(two_sources):
    root, _, other = two_sources
    found = compare_sources(Workspace(root), "rooftops", "open")
    whole = found.by_town.loc["district"]
    used = len(found.a.data)
    assert (whole["count_a"], whole["count_b"], whole["count_difference"]) == (used, 3, 3 - used)
    assert whole["area_m2_b"] == pytest.approx(other.geometry.area.sum())
    assert whole["height_m_b"] == pytest.approx(20.0)
    assert found.alone[1].tolist() == [False, False, True]
    assert found.alone[0].sum() == used - 2
    overlap = other.geometry.area[0] + other.geometry.area[1]
    assert found.shared[1] == pytest.approx(overlap / other.geometry.area.sum())
    assert found.shared[0] == pytest.approx(overlap / found.a.data.geometry.area.sum())
    towns = found.by_town.drop(index="district")
    assert towns["count_b"].sum() == 3


def test_the_next_source_with_data_is_the_other_one(two_sources):
    found = compare_sources(Workspace(two_sources[0]), "rooftops")
    assert found.ids == ("delivered", "open")


def test_the_folder_holds_an_offline_page_and_tables(two_sources, capsys):
    root = two_sources[0]
    command = [
        "layers",
        "compare",
        "rooftops",
        "--with",
        "open",
        "--workspace",
        str(root),
        "--language",
        "en",
        "--quiet",
    ]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "only here" in text
    folder = next((root / "results").glob("compare-layers-rooftops-delivered-open-*"))
    assert str(folder) in text
    table = pd.read_csv(folder / "by_town.csv")
    assert table.loc[table["town_code"] == "district", "count_b"].tolist() == [3.0]
    assert pd.read_csv(folder / "summary.csv")["only_here"].tolist()[1] == 1
    page = (folder / "compare.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|link|img)[^>]*https?:", page)
    assert publish_sources(root, "rooftops", "open", "en").endswith(folder.name)


def test_points_are_matched_by_distance(workspace):
    open_room = workspace / "data_raw" / "open"
    open_room.mkdir()
    delivered = gpd.read_file(workspace / "data_raw" / "population.geojson")
    moved = delivered.set_geometry(delivered.geometry.translate(200.0, 0.0))
    moved.loc[0, "geometry"] = shapely.affinity.translate(delivered.geometry[0], 10.0)
    moved.to_file(open_room / "population.geojson")
    found = compare_sources(Workspace(workspace), "population", "open")
    assert found.alone[0].tolist() == [False, True, True]
    assert found.shared == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_what_cannot_be_compared_is_told(workspace):
    ws = Workspace(workspace)
    with pytest.raises(SpecError, match="layers with shapes"):
        compare_sources(ws, "land_cover")
    with pytest.raises(SpecError, match="already"):
        compare_sources(ws, "rooftops", "delivered")
    with pytest.raises(SpecError, match="sources are"):
        compare_sources(ws, "rooftops", "nobody")
