"""From horizons to yields: the class table against single tables, interpolation, and what must never happen."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from changping_geo.model import ColumnError
from changping_geo.solar import pv
from changping_geo.solar.shade_classes import (
    COLUMNS,
    LOSS,
    MONTHLY,
    NAMES,
    PLANES,
    SKY,
    roof_table,
    shade_table,
    sums_of_cells,
    sun_steps,
)
from changping_geo.solar.shading import (
    CARDS,
    PlaneShade,
    diffuse_share,
    loss_range,
    loss_without_shading,
    monthly_loss,
    plane_shade,
    rows_of,
    shaded_or_flat,
    shaded_yield,
)
from changping_geo.solar.sky import beam_loss, beam_table, sky_view, sky_view_tilted
from changping_geo.solar.table import look_up, yield_table


@pytest.fixture(scope="module")
def sun(year):
    return sun_steps(year, 40.0, 116.0)


@pytest.fixture(scope="module")
def table(sun):
    return shade_table(*sun)


def shading_of(half_degrees, table, roofs=None):
    owner = np.arange(len(half_degrees)) if roofs is None else np.asarray(roofs)
    return roof_table(int(owner.max()) + 1, [sums_of_cells(owner, half_degrees, table)], table)


def uneven(seed=0, cells=20):
    return np.random.default_rng(seed).integers(0, 120, (cells, 72)).astype(np.uint8)


def test_five_minute_steps_hold_the_direct_irradiation_of_the_year(sun, year):
    elevation, azimuth, dni, month = sun
    assert dni.sum() == pytest.approx(float(year["dni"].sum()) / 1000, rel=1e-12)
    expected = year["dni"].groupby("month").sum().to_numpy() / 1000
    assert np.bincount(month, dni) == pytest.approx(expected, rel=1e-12)
    assert elevation.min() > 0
    assert elevation.max() == pytest.approx(90 - 40 + 23.44, abs=0.1)
    assert azimuth[np.argmax(elevation)] == pytest.approx(180, abs=2)


def test_free_roofs_lose_nothing_at_all(table):
    found = shading_of(np.zeros((3, 72), np.uint8), table)
    assert found["cells"].tolist() == [1, 1, 1]
    assert (found[list(SKY)] == 1.0).all(axis=None)
    assert (found[[*LOSS, *MONTHLY]] == 0.0).all(axis=None)


def test_roofs_in_a_pit_lose_all_beam(table):
    found = shading_of(np.full((1, 72), 180, np.uint8), table)
    assert found[list(SKY)].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert found[[*LOSS, *MONTHLY]].to_numpy() == pytest.approx(1.0)


def test_the_classes_say_what_a_table_of_each_plane_says(table, sun):
    seen = uneven()
    found = shading_of(seen, table)
    assert found["sky_view"].to_numpy() == pytest.approx(sky_view(seen))
    for number in (0, 3, 13, 21, 32):
        tilt, azimuth = PLANES[number]
        one = beam_table(*sun, tilt=tilt, plane_azimuth=azimuth)
        share = beam_loss(seen, one).sum(axis=1) / one.total.sum()
        assert found[f"loss_{NAMES[number]}"].to_numpy() == pytest.approx(share)
        free = sky_view_tilted(np.zeros((1, 72), np.uint8), np.array(float(tilt)), np.array(float(azimuth)))
        left = sky_view_tilted(seen, np.array(float(tilt)), np.array(float(azimuth))) / free
        assert found[SKY[number]].to_numpy() == pytest.approx(left)
    flat = beam_table(*sun)
    assert found[list(MONTHLY)].to_numpy() == pytest.approx(beam_loss(seen, flat) / flat.total)


def test_a_roof_is_the_mean_of_its_cells_over_all_tiles(table):
    seen = uneven(1, 6)
    each = shading_of(seen, table)
    parts = [sums_of_cells(np.array([2, 0, 2]), seen[:3], table), sums_of_cells(np.array([0, 0, 2]), seen[3:], table)]
    found = roof_table(3, parts, table)
    assert found["cells"].tolist() == [3, 0, 3]
    assert found.loc[0, list(COLUMNS)].to_numpy() == pytest.approx(each.loc[[1, 3, 4], list(COLUMNS)].mean().to_numpy())
    assert found.loc[1, list(COLUMNS)].isna().all()


def test_a_wall_to_the_south_takes_more_from_what_faces_it(table):
    wall = np.zeros((1, 72), np.uint8)
    wall[0, 24:49] = 60  # 30 degrees high from azimuth 120 to 240
    found = shading_of(wall, table).loc[0]
    assert found["loss_m12"] > 0.95  # the December sun stands 26.6 degrees high at noon
    assert found["loss_m06"] < 0.02
    assert found["loss_t45_a180"] > found["loss_t00"] > found["loss_t45_a000"]
    assert found["sky_t45_a180"] < found["sky_view"] < found["sky_t45_a000"]


def test_planes_of_a_class_take_its_values_and_others_lie_between(table):
    shade = shading_of(uneven(2, 1), table)
    for number, (tilt, azimuth) in enumerate(PLANES):
        got = plane_shade(shade, np.array([float(tilt)]), np.array([float(azimuth) + 360.0]))
        assert got.sky[0] == pytest.approx(shade[SKY[number]][0])
        assert got.loss[0] == pytest.approx(shade[LOSS[number]][0])
    middle = plane_shade(shade, np.array([10.0]), np.array([337.5])).loss[0]
    assert middle == pytest.approx((shade["loss_t10_a315"][0] + shade["loss_t10_a000"][0]) / 2)
    steep = plane_shade(shade, np.array([70.0]), np.array([90.0])).loss[0]
    assert steep == pytest.approx(shade["loss_t45_a090"][0])
    flat = [plane_shade(shade, np.array([0.0]), np.array([a])).loss[0] for a in (0.0, 77.0, 200.0)]
    assert flat == pytest.approx([shade["loss_t00"][0]] * 3)


def test_interpolated_planes_are_near_to_their_own_tables(table, sun):
    wall = np.zeros((2, 72), np.uint8)
    wall[0, 24:49], wall[1, 10:30] = 40, 50
    shade = shading_of(wall, table)
    for tilt, azimuth in ((15.0, 160.0), (27.0, 100.0), (27.0, 280.0), (6.0, 200.0)):
        one = beam_table(*sun, tilt=tilt, plane_azimuth=azimuth)
        exact = beam_loss(wall, one).sum(axis=1) / one.total.sum()
        got = plane_shade(shade, np.full(2, tilt), np.full(2, azimuth))
        assert got.loss == pytest.approx(exact, abs=0.02)


shares = st.floats(0.0, 1.0)
three_shares = arrays(float, 3, elements=shares)
year_of_shares = arrays(float, (3, 12), elements=shares)
year_of_energy = arrays(float, (3, 12), elements=st.floats(0.0, 100.0))


@given(three_shares, year_of_shares, year_of_energy)
def test_months_add_up_to_the_year_and_none_loses_more_than_it_has(loss, shape, beam):
    found = monthly_loss(loss, shape, beam)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found * beam).sum(axis=1) == pytest.approx(loss * beam.sum(axis=1), rel=1e-6, abs=1e-6)


@given(year_of_energy, year_of_shares, three_shares, three_shares, year_of_shares)
def test_shading_never_adds_and_a_free_horizon_takes_nothing(total, part, sky, loss, shape):
    diffuse = total * part
    shaded = shaded_yield(total, diffuse, PlaneShade(sky, loss, shape))
    assert ((shaded >= 0) & (shaded <= total)).all()
    free = shaded_yield(total, diffuse, PlaneShade(np.ones(3), np.zeros(3), np.zeros((3, 12))))
    assert np.array_equal(free, total)


def test_more_horizon_never_gives_more(table):
    low = uneven(3, 30)
    high = np.minimum(low + np.random.default_rng(4).integers(0, 40, low.shape), 180).astype(np.uint8)
    before, after = shading_of(low, table), shading_of(high, table)
    assert (after[list(SKY)] <= before[list(SKY)] + 1e-12).all(axis=None)
    assert (after[[*LOSS, *MONTHLY]] >= before[[*LOSS, *MONTHLY]] - 1e-12).all(axis=None)


def test_a_roof_of_unknown_shading_has_no_yield():
    unknown = PlaneShade(np.array([np.nan]), np.array([np.nan]), np.full((1, 12), np.nan))
    shaded = shaded_yield(np.ones((1, 12)), np.zeros((1, 12)), unknown)
    assert np.isnan(shaded).all()


def test_a_diffuse_part_larger_than_the_whole_is_refused():
    shade = PlaneShade(np.ones(1), np.zeros(1), np.zeros((1, 12)))
    with pytest.raises(ColumnError, match="12 months"):
        shaded_yield(np.ones((1, 12)), np.full((1, 12), 2.0), shade)


def test_missing_columns_are_named(table):
    with pytest.raises(ColumnError, match="loss_t00"):
        plane_shade(shading_of(uneven(), table).drop(columns="loss_t00"), np.zeros(20), np.zeros(20))
    with pytest.raises(ColumnError, match="20 rows of shading"):
        plane_shade(shading_of(uneven(), table), np.zeros(3), np.zeros(3))


def test_the_diffuse_part_of_a_flat_plane_is_the_isotropic_part_of_the_sky(hours, chain):
    share = diffuse_share(hours, chain)
    assert ((share >= 0) & (share <= 1)).all()
    flat = share.sel(tilt=0.0)
    assert np.ptp(flat.to_numpy(), axis=0) == pytest.approx(0.0, abs=1e-12)
    v, month = hours
    even = np.bincount(month, v["dhi"] * (1 - v["dni"] / v["dni_extra"])) / np.bincount(month, v["ghi"])
    assert flat.to_numpy()[0] == pytest.approx(even, rel=0.05)  # angles take more from the low sun than from the sky
    assert (share.sel(tilt=40.0, azimuth=0.0) > share.sel(tilt=40.0, azimuth=180.0)).all()


def test_yield_tables_and_diffuse_shares_go_together(hours, chain, table):
    tilt, azimuth = np.array([10.0, 30.0]), np.array([180.0, 95.0])
    total = look_up(yield_table(hours, chain), tilt, azimuth)
    diffuse = total * look_up(diffuse_share(hours, chain), tilt, azimuth)
    wall = np.zeros((2, 72), np.uint8)
    wall[:, 24:49] = 40
    shaded = shaded_yield(total, diffuse, plane_shade(shading_of(wall, table), tilt, azimuth))
    kept = shaded.sum(axis=1) / total.sum(axis=1)
    assert ((kept > 0.8) & (kept < 0.99)).all()
    assert shaded[0, 11] / total[0, 11] < 0.9 < shaded[0, 5] / total[0, 5]


def test_computed_shading_takes_the_place_of_the_flat_loss():
    losses = {name: value for name, value, *_ in pv.LOSSES}
    assert 1 - loss_without_shading(losses) / 100 == pytest.approx((1 - pv.pvwatts_losses(**losses) / 100) / 0.97)


def test_without_heights_the_effect_is_a_range():
    losses = {name: value for name, value, *_ in pv.LOSSES}
    ends = loss_range(losses, CARDS["shading_range"])
    assert list(ends) == ["low", "central", "high"]
    assert ends["low"] < ends["central"] < ends["high"]
    assert ends["central"] == pytest.approx(pv.pvwatts_losses(**losses))


def test_shading_is_found_by_roof_and_a_roof_without_it_takes_the_flat_loss(table):
    shade = shading_of(uneven(5, 3), table).assign(roof_id=["a", "b", "c"])
    ids = pd.Series(["c", "new", "a"], index=[7, 8, 9])
    rows = rows_of(shade, ids)
    assert rows.index.tolist() == [7, 8, 9]
    assert rows["loss_t00"].tolist()[::2] == [shade["loss_t00"][2], shade["loss_t00"][0]]
    total = np.full((3, 12), 100.0)
    found = shaded_or_flat(total, 0.5 * total, plane_shade(rows, np.full(3, 20.0), np.full(3, 180.0)), 3.0)
    assert found[1] == pytest.approx([97.0] * 12)
    assert (found[[0, 2]] < 97.0).all()
    with pytest.raises(ColumnError, match="other rooftops"):
        rows_of(shade, pd.Series(["x", "y"]))


def test_columns_are_those_of_the_contract(checkout):
    spec = tomllib.loads((checkout / "layers" / "roof_shading.toml").read_text(encoding="utf-8"))
    assert tuple(spec["columns"]) == ("roof_id", "cells", *COLUMNS)
