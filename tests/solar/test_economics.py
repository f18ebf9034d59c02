"""Money by the worked values of others, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from changping_geo.model import ParameterError
from changping_geo.solar.economics import (
    annuity,
    check_tariff,
    grid_factor,
    levelised_cost,
    remaining_power,
    simple_payback,
)


@pytest.mark.parametrize(("rate", "cost"), [(0.03, 0.178), (0.06, 0.232), (0.08, 0.271)])
def test_levelised_cost_of_a_roof_at_3_cny_per_watt(rate, cost):
    """3000 CNY/kW, 1 % a year, 25 years, 0.55 % a year, 1200 h."""
    found = levelised_cost(3000.0, 30.0, 1200.0, remaining_power(25, 0.0, 0.0055), rate)
    assert float(found) == pytest.approx(cost, abs=6e-4)


def test_levelised_cost_as_hotmaps_has_it():
    found = levelised_cost(7_473_340.0, 4_918.0, 6_962_999.0, np.ones(27), 0.03)
    assert float(found) == pytest.approx(0.05926970484809364, rel=1e-12)


def test_degradation_at_the_limits_of_gb_55015():
    limits = remaining_power(25, 0.03, 0.007)
    assert limits[:2].tolist() == pytest.approx([0.97, 0.97 * 0.993])
    assert limits.mean() == pytest.approx(0.893, abs=5e-4)


def test_light_induced_degradation_is_not_taken_twice():
    assert remaining_power(2, 0.02, 0.0, lid_percent=1.5)[0] == pytest.approx(0.98 / 0.985)
    assert remaining_power(2, 0.01, 0.0, lid_percent=1.5)[0] == 1.0


def test_no_energy_has_no_cost_and_no_tariff_no_payback():
    assert np.isnan(levelised_cost(np.array([0.0]), 0.0, np.array([0.0]), np.ones(2), 0.05)).all()
    assert np.isnan(simple_payback(100.0, 1.0, 10.0, 0.0))
    assert np.isnan(simple_payback(100.0, 9.0, 10.0, 0.5))
    assert float(simple_payback(3000.0, 30.0, 1200.0, 0.4)) == pytest.approx(3000 / 450)
    assert annuity(0.0, 25) == 25


def test_a_tariff_needs_a_date():
    assert not check_tariff(0.0, "")
    assert check_tariff(0.4, "2025-06")
    for tariff, date in ((0.4, ""), (0.0, "2025")):
        with pytest.raises(ParameterError, match="belong together"):
            check_tariff(tariff, date)
    with pytest.raises(ParameterError, match="no date"):
        check_tariff(0.4, "last year")


@pytest.fixture
def factors():
    rows = [(2023, "Here", 0.5, "one", None), (2023, "Here", 0.9, "two", "marginal"), (2022, "There", 0.6, "one", None)]
    return pd.DataFrame(rows, columns=["year", "region", "kg_co2_per_kwh", "document", "kind"])


def test_the_marginal_factor_is_taken_where_it_is_given_and_never_made_up(factors):
    assert grid_factor(factors, "Here", 2023)["kg_co2_per_kwh"].tolist() == [0.5]
    assert grid_factor(factors, "Here", 2023, "marginal")["kg_co2_per_kwh"].tolist() == [0.9]
    with pytest.raises(
        ParameterError, match=r"'marginal'.*Here 2023, Here 2023 \(marginal\), There 2022.*Deliver a row"
    ):
        grid_factor(factors, "There", 2022, "marginal")
    with pytest.raises(ParameterError, match="0 emission factors for 'There' 2022"):
        grid_factor(factors.drop(columns="kind"), "There", 2022, "marginal")
