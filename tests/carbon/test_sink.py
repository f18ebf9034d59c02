"""Sink: stock-difference on one definition, the split of a change, gains and losses of the IPCC example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.carbon.gain_loss import GainLoss, biomass_gain, disturbance_loss, removal_loss
from changping_geo.carbon.sink import (
    LandDefinition,
    Survey,
    carbon_of_growth,
    decompose,
    rate_sink,
    stock_difference,
)
from changping_geo.model import ColumnError, DataError, ParameterError

ARBOR = LandDefinition("arbor", 0.2, "towns 2023", ("above", "below"), "zhang2013")


def survey(year, rows, definition=ARBOR):
    return Survey(year, definition, pd.DataFrame.from_dict(rows, orient="index", columns=["area_ha", "carbon_t"]))


def test_the_ipcc_example_of_pine_gives_its_gain_its_losses_and_its_net():
    yearly = GainLoss(
        gain=biomass_gain(100_000, 4.0, 0.29, 0.47),
        harvest=removal_loss(1000, 1.11, 0.29, 0.47),
        fuelwood=removal_loss(500, 1.11, 0.29, 0.47),
        disturbance=disturbance_loss(2000, 4.0, 0.29, 0.47, 0.3),
    )
    assert yearly.gain == pytest.approx(242_520)
    assert yearly.harvest == pytest.approx(672.99, abs=0.005)
    assert yearly.fuelwood == pytest.approx(336.50, abs=0.005)
    assert yearly.disturbance == pytest.approx(1455.12)
    assert yearly.net == pytest.approx(240_055.4, abs=0.05)


def test_shandong_takes_up_1_85_million_tonnes_of_carbon_a_year():
    old = survey(2009, {"Shandong": (1_561_200, 34.75e6)})
    new = survey(2014, {"Shandong": (1_614_400, 43.98e6)})
    sink = stock_difference(old, new)
    assert sink.loc["Shandong", "sink_t_c_a"] == pytest.approx(1.85e6, rel=0.003)
    assert sink.loc["Shandong", "sink_t_co2_a"] == pytest.approx(sink.loc["Shandong", "sink_t_c_a"] * 44 / 12)


def test_a_loss_of_stock_is_a_negative_sink():
    sink = stock_difference(survey(2010, {"a": (10, 100)}), survey(2012, {"a": (10, 90)}))
    assert sink.loc["a", "sink_t_c_a"] == -5


def test_stocks_of_different_definitions_are_not_subtracted():
    wider = replace(ARBOR, land="arbor and shrub", crown_threshold=0.1)
    with pytest.raises(DataError, match=r"land: 'arbor' and 'arbor and shrub'; crown_threshold.*decompose"):
        stock_difference(survey(2010, {"a": (1, 1)}), survey(2015, {"a": (1, 2)}, wider))


@pytest.mark.parametrize("split", [stock_difference, decompose])
def test_a_year_before_the_baseline_is_refused(split):
    with pytest.raises(ParameterError, match="2010 is not after the baseline 2015"):
        split(survey(2015, {"a": (1, 1)}), survey(2010, {"a": (1, 2)}))


def test_a_change_splits_into_land_at_the_old_density_and_growth_on_the_new_land():
    # 100 ha at 20 t/ha become 120 ha at 25 t/ha: 20 ha x 20 t/ha of land, 120 ha x 5 t/ha of growth.
    parts = decompose(survey(2010, {"a": (100, 2000)}), survey(2020, {"a": (120, 3000)}))
    assert parts.loc["a", ["change_t_c", "land_t_c", "growth_t_c"]].tolist() == [1000, 400, 600]
    assert parts.loc["a", "sink_t_c_a"] == 100
    assert parts.attrs["definition"] == "none"


def test_new_forest_and_lost_forest_are_land_change():
    parts = decompose(survey(2010, {"a": (10, 50)}), survey(2020, {"b": (4, 8)}))
    assert parts.loc["a", ["land_t_c", "growth_t_c"]].tolist() == [-50, 0]
    assert parts.loc["b", ["land_t_c", "growth_t_c"]].tolist() == [8, 0]


def test_a_restated_survey_takes_the_change_of_definition_out_of_the_sink():
    wider = replace(ARBOR, land="arbor and shrub")
    old, new = survey(2010, {"a": (100, 2000)}), survey(2020, {"a": (150, 3300)}, wider)
    parts = decompose(old, new, restated=survey(2020, {"a": (100, 2500)}))
    assert parts.loc["a", ["change_t_c", "land_t_c", "growth_t_c", "definition_t_c"]].tolist() == [1300, 0, 500, 800]
    assert parts.loc["a", "sink_t_c_a"] == 50
    assert decompose(old, new).attrs["definition"] == "hidden in land and growth"


def test_a_restated_survey_of_another_definition_is_refused():
    wider = replace(ARBOR, land="arbor and shrub")
    new = survey(2020, {"a": (1, 1)}, wider)
    with pytest.raises(DataError, match="restated"):
        decompose(survey(2010, {"a": (1, 1)}), new, restated=new)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 4), min_size=1, max_size=6))
def test_the_parts_of_a_change_always_add_up(rows):
    old = survey(2010, {str(i): r[:2] for i, r in enumerate(rows)})
    new = survey(2015, {str(i): r[2:] for i, r in enumerate(rows)})
    parts = decompose(old, new)
    whole = new.stock["carbon_t"] - old.stock["carbon_t"]
    scale = np.abs(parts[["land_t_c", "growth_t_c"]]).to_numpy().max() + 1
    assert np.allclose(parts["land_t_c"] + parts["growth_t_c"], whole, atol=1e-9 * scale, rtol=0)


def test_all_faults_of_two_stocks_are_told_at_once():
    bad = survey(2010, {"a": (1, -5), "b": (np.nan, 1)})
    with pytest.raises(ColumnError, match=r"2010 has no usable value at 'a'; .* at 'b'"):
        stock_difference(bad, survey(2020, {"a": (1, 1), "b": (1, 1)}))


def test_negative_gains_are_refused():
    with pytest.raises(ParameterError, match="growth_t_ha_a"):
        biomass_gain(1.0, -2.0, 0.3, 0.5)


def test_only_the_slope_of_a_biomass_line_counts_for_growth():
    assert carbon_of_growth(np.array([10.0]), np.array([0.5]), 0.47) == pytest.approx([2.35])


def test_rates_by_age_tell_what_they_do_not_cover():
    groups = pd.DataFrame({"species": ["oak"], "rate_group": ["broadleaf"]})
    rates = pd.DataFrame(
        {"rate_group": ["broadleaf"] * 2, "age_from_a": [10, 20], "age_to_a": [20, 600], "rate_t_c_ha_a": [0.71, 0.33]}
    )
    area, age = pd.Series([2.0, 10.0, 5.0]), pd.Series([12.0, 20.0, 3.0])
    out = rate_sink(area, pd.Series(["oak"] * 3), age, groups, rates)
    assert out["sink_t_c_a"].tolist() == pytest.approx([1.42, 3.3, 0.0])
    assert out["covered"].tolist() == [True, True, False]
    assert out.attrs["uncovered_ha"] == 5.0


def test_negative_rates_and_unknown_species_are_told_together():
    groups = pd.DataFrame({"species": ["oak"], "rate_group": ["broadleaf"]})
    rates = pd.DataFrame({"rate_group": ["x"], "age_from_a": [0], "age_to_a": [9], "rate_t_c_ha_a": [-1.0]})
    one = pd.Series([1.0])
    with pytest.raises(ColumnError, match=r"'ginkgo'; add it\ngrowth_rates, row 0: the rate is negative"):
        rate_sink(one, pd.Series(["ginkgo"]), one, groups, rates)
