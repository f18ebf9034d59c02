"""Best per kilowatt is not best per square metre."""

from __future__ import annotations

import pytest

from changping_geo.solar.layouts import flat_roof_layouts
from changping_geo.solar.pv import default_chain


@pytest.fixture(scope="module")
def layouts(hours):
    chains = {how: default_chain(how) for how in ("open", "close")}
    found = flat_roof_layouts(hours, chains, 40.2, row_tilt_deg=10.0, flush_cover=0.9, module_density_w_m2=215.0)
    return found.set_index(["layout", "row_tilt_deg"])


def test_cover_and_power_as_gb_50797_has_them_at_40_2_degrees(layouts):
    expected = {10: (1.511, 0.662, 142), 15: (1.750, 0.571, 123), 20: (1.976, 0.506, 109), 30: (2.381, 0.420, 90)}
    for tilt, (distance, cover, power) in expected.items():
        row = layouts.loc[("rows", tilt)]
        assert row["row_distance_ratio"] == pytest.approx(distance, abs=6e-4)
        assert row["ground_cover"] == pytest.approx(cover, abs=6e-4)
        assert row["power_w_m2"] == pytest.approx(power, abs=0.5)
    assert layouts.loc[("flush", 0), "power_w_m2"] == pytest.approx(193.5)


def test_the_steep_row_is_best_per_kilowatt_and_worst_per_square_metre(layouts):
    assert layouts["best_per_kw"].sum() == layouts["best_per_m2"].sum() == layouts["layout_used"].sum() == 1
    best = layouts[layouts["best_per_kw"]].iloc[0]
    assert 30 <= best.name[1] <= 42
    assert best["yield_kwh_kw_a"] == layouts["yield_kwh_kw_a"].max()
    assert best["energy_kwh_m2_a"] < 0.7 * layouts.loc[("rows", 10), "energy_kwh_m2_a"]
    assert layouts["best_per_m2"].idxmax() == ("flush", 0)
    assert layouts["best_rows_per_m2"].idxmax() == ("rows", 5)
    assert (layouts["energy_kwh_m2_a"] * 1000).tolist() == pytest.approx(
        (layouts["power_w_m2"] * layouts["yield_kwh_kw_a"]).tolist()
    )
