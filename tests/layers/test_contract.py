from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changping_geo.layers.contract import hold
from changping_geo.layers.load import hold_provided
from changping_geo.layers.rasters import as_dataarray
from changping_geo.layers.spec import Column, Source
from changping_geo.layers.topology import overlaps
from changping_geo.model import CrsError, DataError, GeometryError, Status

X, Y = 497_000.0, 3_603_000.0
SHAPES = {
    "square": shapely.box(X, Y, X + 10, Y + 10),
    "bow tie": shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)]),
    "none": None,
    "empty": shapely.Polygon(),
    "line": shapely.LineString([(X, Y), (X + 1, Y)]),
    "point": shapely.Point(X, Y),
    "flat": shapely.Polygon([(X, Y), (X + 10, Y), (X + 20, Y)]),
    "elsewhere": shapely.box(X + 50_000, Y, X + 50_010, Y + 10),
    "multi": shapely.MultiPolygon([shapely.box(X, Y, X + 1, Y + 1), shapely.box(X + 2, Y, X + 3, Y + 1)]),
    "collection": shapely.GeometryCollection([shapely.Point(X, Y), shapely.box(X, Y, X + 1, Y + 1)]),
    "swapped": shapely.box(Y, X, Y + 10, X + 10),
}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(SHAPES)),
        st.sampled_from(["home", "shop", "castle", "", None]),
        st.sampled_from([6.0, -1.0, np.nan, np.inf, "7", "x", "1,000", None]),
        st.sampled_from([1, 2.5, "3", None, -4]),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_the_ledger_closes_whatever_the_rows_hold(kit, rows):
    """Row read = used + repaired + set aside, and every row is found again in one place, in order."""
    rows = [("square", "home", 6.0, 1)] * 26 + rows
    raw = gpd.GeoDataFrame(
        {
            "id": [f"r{i}" for i in range(len(rows))],
            "use": pd.Series([r[1] for r in rows], dtype=object),
            "height_m": pd.Series([r[2] for r in rows], dtype=object),
            "floors": pd.Series([r[3] for r in rows], dtype=object),
        },
        geometry=[SHAPES[r[0]] for r in rows],
        crs=kit.frame.crs,
    )
    spec = replace(kit.spec, max_set_aside=1.0)
    data, ledger, away = hold(spec, raw, kit.frame, kit.district, "test")
    assert ledger.read == len(rows) == ledger.used + ledger.n_repaired + ledger.n_set_aside
    assert len(data) == ledger.used + ledger.n_repaired
    lost = [] if away is None else away["id"].tolist()
    assert len(lost) == ledger.n_set_aside
    assert sorted([*data["id"], *lost]) == sorted(raw["id"])
    assert data["id"].tolist() == [i for i in raw["id"] if i in set(data["id"])]
    assert data.geometry.is_valid.all()
    assert set(data.geom_type) <= {"Polygon", "MultiPolygon"}
    assert data["height_m"].dropna().between(1.8, 350.0).all()
    assert data["use"].isin(["home", "shop"]).all()
    if away is not None:
        assert (away["reason"] != "").all()
        assert away["reason"].value_counts().to_dict() == dict(ledger.set_aside)
        assert [raw["id"].iloc[row - 1] for row in away["row"]] == lost


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)))
def test_the_order_of_rows_changes_nothing_but_the_order(kit, order):
    raw = kit.squares(8)
    raw.loc[[2], "geometry"] = SHAPES["bow tie"]
    raw.loc[[3], "use"] = "castle"
    one, ledger, _ = hold(kit.spec, raw, kit.frame, kit.district, "a")
    other, again, _ = hold(kit.spec, raw.iloc[list(order)], kit.frame, kit.district, "b")
    assert (ledger.repaired, ledger.set_aside) == (again.repaired, again.set_aside)
    assert one.set_index("id").equals(other.set_index("id").loc[one["id"]])


def test_a_clean_layer_is_taken_as_it_is(kit):
    data, ledger, away = hold(kit.spec, kit.squares(), kit.frame, kit.district, "test")
    assert away is None
    assert ledger.used == 6
    assert data.columns.tolist() == [*kit.spec.columns, "geometry"]
    assert data["floors"].isna().all()


def test_reading_what_was_held_once_gives_the_same(kit):
    data, _, _ = hold(kit.spec, kit.squares(), kit.frame, kit.district, "test")
    again, ledger, _ = hold(kit.spec, data, kit.frame, kit.district, "test")
    assert again.equals(data)
    assert ledger.used == 6


def test_a_row_stands_under_its_first_reason(kit):
    raw = kit.squares()
    raw.loc[[1], "geometry"] = None
    raw.loc[[1], ["use", "height_m"]] = ["castle", -5.0]
    _, ledger, away = hold(kit.spec, raw, kit.frame, kit.district, "test")
    assert dict(ledger.set_aside) == {"no geometry": 1}
    assert away["use"].tolist() == ["castle"]


def test_faults_of_several_kinds_are_told_in_one_error(kit):
    raw = kit.squares().drop(columns="use")
    raw["id"] = "same"
    raw = gpd.GeoDataFrame(raw.drop(columns="geometry"), geometry=raw.geometry.to_numpy())
    with pytest.raises(DataError) as told:
        hold(kit.spec, raw, kit.frame, kit.district, "file.gpkg")
    for words in ("file.gpkg", "coordinate system is unknown", "required columns are missing: use", "6"):
        assert words in str(told.value)
    assert type(told.value) is DataError


def test_text_of_the_data_is_made_plain_in_messages(kit):
    raw = kit.squares()
    raw["use"] = ["home"] * 3 + ["\x1b[31mred\n" + "x" * 500] * 3
    _, ledger, _ = hold(kit.spec, raw, kit.frame, kit.district, "test")
    told = "\n".join(ledger.notes)
    assert "\x1b" not in told
    assert "x" * 100 not in told


def test_set_aside_keeps_columns_called_row_and_reason(kit):
    raw = kit.squares().assign(reason="mine", row=9, height_m=[6.0] * 5 + [-1.0])
    _, _, away = hold(kit.spec, raw, kit.frame, kit.district, "test")
    assert away[["row", "source_row", "source_reason"]].iloc[0].tolist() == [6, 9, "mine"]
    assert away["reason"].tolist() == ["height_m: outside 1.8…350 m"]


def test_without_a_district_the_area_of_use_of_the_crs_serves(kit):
    outline = gpd.GeoDataFrame({"id": ["d"], "use": ["home"]}, geometry=[kit.district], crs=kit.frame.crs)
    assert len(hold(kit.spec, outline.to_crs(4326), kit.frame, None, "test")[0]) == 1
    swapped = outline.to_crs(4326)
    swapped["geometry"] = shapely.transform(swapped.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    with pytest.raises(CrsError, match="swapped"):
        hold(kit.spec, swapped, kit.frame, None, "test")


def test_features_on_the_border_stay_and_any_topology_keeps_those_beyond(kit):
    raw = kit.squares(2)
    raw["geometry"] = [kit.district.centroid.buffer(9), shapely.box(504_990, 3_605_000, 505_100, 3_605_100)]
    assert len(hold(kit.spec, raw, kit.frame, kit.district, "t")[0]) == 2
    raw.loc[[1], "geometry"] = shapely.box(506_000, 3_605_000, 506_100, 3_605_100)
    assert len(hold(kit.spec, raw, kit.frame, kit.district, "t")[0]) == 1
    assert len(hold(replace(kit.spec, topology="any"), raw, kit.frame, kit.district, "t")[0]) == 2


def test_overlaps_measure_what_was_planted():
    boxes = np.array([shapely.box(0, 0, 10, 10), shapely.box(8, 0, 20, 10), shapely.box(20, 0, 30, 10)])
    pairs, areas = overlaps(boxes)
    assert pairs.tolist() == [[0], [1]]
    assert areas.tolist() == [20.0]


def test_towns_that_tile_are_accepted_with_their_gaps_told(kit):
    x, y = kit.district.bounds[:2]
    raw = kit.squares(2)
    raw["geometry"] = [shapely.box(x, y, x + 5000, y + 1e4), shapely.box(x + 5001, y, x + 1e4, y + 1e4)]
    spec = replace(kit.spec, topology="tiles_district", overlap=False)
    _, ledger, _ = hold(spec, raw, kit.frame, kit.district, "t")
    assert any("gaps 10,000.000 m2, overlaps 0.000 m2" in note for note in ledger.notes)


def grid(kit, cells, **attrs):
    array = as_dataarray(np.asarray(cells), (1000, 0, 495_000, 0, -1000, 3_610_000), kit.frame.crs, None)
    array.attrs |= attrs
    return array


def test_provided_layers_pass_the_same_contract(kit):
    source = Source("synthetic", Status.SYNTHETIC, provider="synthetic.roofs")
    layer = hold_provided(kit.spec, source, kit.squares(), kit.frame, kit.district)
    assert layer.status is Status.SYNTHETIC
    assert layer.source["provider"] == "synthetic.roofs"
    with pytest.raises(DataError, match=r"synthetic\.roofs"):
        hold_provided(kit.spec, source, kit.squares().drop(columns="id"), kit.frame, kit.district)


def test_an_empty_provided_layer_is_accepted(kit):
    data, ledger, away = hold(kit.spec, kit.squares().iloc[:0], kit.frame, kit.district, "t")
    assert (len(data), ledger.read, away) == (0, 0, None)


def test_a_provided_raster_is_held_by_its_classes(kit):
    codes = Column("code", "int", "c", "c", values={"10": ("林", "tree"), "20": ("草", "grass")})
    spec = replace(kit.spec, geometry="raster", columns={"code": codes}, key="")
    data, ledger, _ = hold(spec, grid(kit, [[10, 20], [20, 10]]), kit.frame, kit.district, "t")
    assert isinstance(data, xr.DataArray)
    assert ledger.read == 4
    with pytest.raises(DataError, match="1 of 4 cells are not accepted \\(30\\)"):
        hold(spec, grid(kit, [[10, 20], [30, 10]]), kit.frame, kit.district, "t")


def test_raster_and_table_are_not_taken_for_each_other(kit):
    with pytest.raises(GeometryError, match="a raster cannot"):
        hold(kit.spec, grid(kit, [[1]]), kit.frame, kit.district, "t")
    with pytest.raises(GeometryError, match="GeoTIFF"):
        hold(replace(kit.spec, geometry="raster"), kit.squares(), kit.frame, kit.district, "t")
