"""What a bore may take: G.POT by its published values, fields by line sources, decades by superposition."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from changping_geo.errors import ParameterError
from changping_geo.heat.ground import field_power, gpot_power, gpot_response, shonder_beck_resistance
from changping_geo.heat.linesource import YEAR_S, crowding, line_source_response, pygfunction_g, square_g, yearly_drift
from changping_geo.heat.potential import Ground, field_sizes, undisturbed_ground

ALPHA = 1e-6


def test_gpot_by_its_worked_example():
    response = gpot_response(180, 50, 0.075, 2.0, 2.5)
    assert response == pytest.approx(8.699045, abs=1e-6)
    watts = gpot_power(12.0, 180, 100, 0.1, 2.0, response)
    assert watts == pytest.approx(844.4723, abs=1e-4)
    assert watts * 8.76 / 1000 == pytest.approx(7.39758, abs=1e-5)


@pytest.mark.parametrize(
    ("conductivity", "watts"), [(2.17, 892.716), (2.48, 975.835), (2.66, 1021.481), (3.39, 1189.764), (4.13, 1337.592)]
)
def test_gpot_power_by_conductivity(conductivity, watts):
    response = gpot_response(180, 50, 0.075, conductivity, 2.5)
    assert gpot_power(12.0, 180, 100, 0.1, conductivity, response) == pytest.approx(watts, abs=1e-3)


def test_borehole_resistance_of_a_double_u():
    assert shonder_beck_resistance(0.075, 0.016, 4, 2.0) == pytest.approx(0.067780287, abs=1e-9)


@pytest.mark.parametrize(("days", "life"), [(0, 50), (400, 50), (121, 0.1)])
def test_a_season_must_lie_inside_a_year_and_a_life(days, life):
    with pytest.raises(ParameterError, match="cannot be"):
        gpot_response(days, life, 0.075, 2.0, 2.5)


def test_a_lone_bore_without_balance_takes_what_gpot_says():
    responses = (gpot_response(121, 1, 0.075, 1.85, 2.25), gpot_response(121, 50, 0.075, 1.85, 2.25))
    alone = field_power(10.0, 121, 120, 0.1, 1.85, responses, np.zeros(1), 0.0)
    assert alone[0] == pytest.approx(gpot_power(10.0, 121, 120, 0.1, 1.85, responses[1]), rel=1e-12)


def test_a_balanced_field_takes_the_same_whatever_its_size_and_life():
    soil = Ground(14.0, 4.0, 121.0, 1.85, 2.25, 120.0, 0.075, 5.0, 0.1, 50, 1.0)
    power = [soil.bore_power(np.array([1.0, 100.0, 2500.0]), life) for life in (25, 50)]
    assert np.allclose(power, power[0][0], rtol=1e-12)


def test_more_bores_less_balance_and_more_years_give_less_each():
    soil = Ground(14.0, 4.0, 121.0, 1.85, 2.25, 120.0, 0.075, 5.0, 0.1, 50, 0.5)
    by_size = soil.bore_power(np.array([1.0, 9.0, 100.0, 900.0]))
    assert (np.diff(by_size) < 0).all()
    assert soil.bore_power(np.array([100.0]), balance_ratio=0.0) < by_size[2]
    assert soil.bore_power(np.array([100.0]), life_a=25) > by_size[2]
    table = field_sizes(soil)
    assert table["balanced_50a_w_m"].nunique() == 1
    assert (table["unbalanced_50a_w_m"] <= table["as_set_50a_w_m"]).all()


def test_season_means_stay_far_below_the_short_peak_of_design_practice():
    """Beijing-like ground gives 12 to 17 W/m over the season; 35 to 60 W/m hold for hours only."""
    for conductivity in (1.5, 2.2):
        soil = Ground(14.0, 4.0, 121.0, conductivity, 2.25, 120.0, 0.075, 5.0, 0.1, 50, 0.0)
        assert 12.0 < soil.bore_power(np.ones(1))[0] / 120 * 365 / 121 < 17.0


def test_ground_colder_than_the_fluid_gives_nothing():
    soil = Ground(3.0, 4.0, 121.0, 1.85, 2.25, 120.0, 0.075, 5.0, 0.1, 50, 0.5)
    assert soil.bore_power(np.array([10.0]))[0] == 0.0


def test_undisturbed_ground_is_half_the_gradient_warmer_than_the_air():
    assert undisturbed_ground(13.0, 0.02, 100.0) == pytest.approx(14.0)


def test_a_square_field_is_a_single_bore_when_its_bores_are_far_apart():
    alone = square_g(1, 5.0, 50 * YEAR_S, 120.0, 0.075, ALPHA)
    assert square_g(5, 5000.0, 50 * YEAR_S, 120.0, 0.075, ALPHA) == pytest.approx(alone, abs=1e-9)
    assert crowding(np.array([25.0]), 50, 5000.0, 120.0, 0.075, ALPHA, "line_source")[0] == pytest.approx(0.0, abs=1e-9)


def test_a_pair_of_bores_is_the_sum_of_two_line_sources_by_hand():
    time = 10 * YEAR_S
    own, near, far = line_source_response(np.array([0.075, 5.0, 5.0 * np.sqrt(2)]), time, 120.0, ALPHA)
    assert square_g(2, 5.0, time, 120.0, 0.075, ALPHA) == pytest.approx(own + 2 * near + far, rel=1e-12)


def test_crowding_between_two_sizes_lies_between_theirs():
    found = crowding(np.array([1.0, 9.0, 16.0, 25.0]), 25, 5.0, 120.0, 0.075, ALPHA, "line_source")
    assert found[0] == 0.0
    assert found[1] < found[2] < found[3]
    assert len(crowding(np.empty(0), 25, 5.0, 120.0, 0.075, ALPHA, "line_source")) == 0


def monthly_g(years, side=3):
    return np.array(
        [square_g(side, 5.0, month / 12 * YEAR_S, 120.0, 0.075, ALPHA) for month in range(1, 12 * years + 1)]
    )


def test_a_balanced_field_does_not_drift_in_25_years_and_an_unbalanced_one_does():
    response = monthly_g(25)
    winter = np.array([20.0, 15, 5, 0, 0, 0, 0, 0, 0, 0, 5, 15])
    summer = np.array([0.0, 0, 0, 0, 0, 20, 20, 20, 0, 0, 0, 0])
    balanced = yearly_drift(winter - summer, response, 1.85)
    alone = yearly_drift(winter, response, 1.85)
    assert abs(balanced[24] - balanced[4]) < 0.05
    assert alone[24] - alone[4] > 1.0
    with pytest.raises(ParameterError, match="no whole years"):
        yearly_drift(winter, response[:13], 1.85)


def test_line_sources_agree_with_pygfunction():
    pygfunction = pytest.importorskip("pygfunction", reason="the extra 'ground' is not installed")
    time = np.array([1.0, 25.0, 50.0]) * YEAR_S
    field = pygfunction.borefield.Borefield.rectangle_field(4, 4, 5.0, 5.0, 120.0, 1.0, 0.075)
    theirs = pygfunction.gfunction.gFunction(field, ALPHA, time=time, boundary_condition="UHTR", method="similarities")
    ours = [square_g(4, 5.0, float(t), 120.0, 0.075, ALPHA) for t in time]
    assert np.allclose(theirs.gFunc, ours, rtol=1e-4)


def test_equal_walls_cool_less_than_equal_loads():
    pytest.importorskip("pygfunction", reason="the extra 'ground' is not installed")
    walls = pygfunction_g(4, 5.0, 50 * YEAR_S, 120.0, 0.075, ALPHA)
    assert (
        0.7 * square_g(4, 5.0, 50 * YEAR_S, 120.0, 0.075, ALPHA)
        < walls
        < square_g(4, 5.0, 50 * YEAR_S, 120.0, 0.075, ALPHA)
    )


def test_without_pygfunction_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygfunction", None)
    pygfunction_g.cache_clear()
    with pytest.raises(ParameterError, match="extra 'ground'"):
        crowding(np.array([4.0]), 50, 5.0, 120.0, 0.075, ALPHA, "pygfunction")
