"""What heat from heat pumps costs: investment, upkeep, electricity at a dated price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.heat.planning import planned
from changping_geo.heat.pump import KINDS
from changping_geo.model import Cards, Parameter
from changping_geo.solar.economics import levelised_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CAPEX = {
    "shallow_ground": (250.0, 315.0, 380.0, "250 to 380 CNY/m² in 2007, secondary source; prices have moved since"),
    "deep_geothermal": (150.0, 300.0, 500.0, ""),
    "sewage": (150.0, 250.0, 400.0, ""),
    "air": (100.0, 200.0, 350.0, ""),
    "waste_heat": (80.0, 180.0, 350.0, ""),
}
CARDS = Cards(
    (
        planned(f"capex_cny_m2.{kind}", value, "CNY/m2", low / 2, high * 2, f"单位供热面积投资: {KINDS[kind][0]}",
                f"Investment per heated area: {KINDS[kind][1]}", why)
        for kind, (low, value, high, why) in _CAPEX.items()
    ),
    planned("heat_money.om_share", 0.02, "1/a", 0.0, 0.08, "年运维费率(占投资)", "Yearly upkeep, share of investment"),
    planned("heat_money.discount_rate", 0.05, "1/a", 0.0, 0.15, "折现率", "Discount rate"),
    Parameter("heat_money.lifetime_a", 20, "a", 10, 50, "planning range, unverified: life of heat pumps",
              verified=False, title_zh="寿命", title_en="Lifetime"),
    Parameter("electricity_cny_kwh", 0.0, "CNY/kWh", 0.0, 3.0,
              "what heat pumps pay for electricity: an input of the user, with its date; 0 means that none is given",
              verified=True, title_zh="热泵电价(0=未给出)", title_en="Price of electricity (0: none given)"),
    Parameter("electricity_date", "", "word", None, None, "day, month or year of the price, as 2025-06-01 or 2025",
              verified=True, title_zh="电价日期", title_en="Date of the price"),
)  # fmt: skip


def cost_of_heat(
    invest_cny: Floats, om_share: float, heat_kwh: Floats, electricity_cny: Floats, lifetime_a: int, rate: float
) -> Floats:
    """Return the levelised cost of heat: investment, upkeep and electricity over heat, discounted, years 1 to n.

    Parameters
    ----------
    invest_cny : ndarray
        Investment in year 0, shape (n,). [CNY]
    om_share : float
        Yearly upkeep over investment. [1/a]
    heat_kwh, electricity_cny : ndarray
        Heat, and cost of its electricity, each year, shape (n,). [kWh/a, CNY/a]
    lifetime_a : int
        Years. [a]
    rate : float
        Discount rate. [1/a]

    Returns
    -------
    ndarray
        Missing where there is no heat, shape (n,). [CNY/kWh]
    """
    yearly = np.asarray(invest_cny, dtype=np.float64) * om_share + electricity_cny
    return levelised_cost(np.asarray(invest_cny, dtype=np.float64), yearly, heat_kwh, np.ones(int(lifetime_a)), rate)
