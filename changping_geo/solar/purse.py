"""Money and CO2 over the life of modules, for a frame of roofs or of sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.solar.economics import levelised_cost, remaining_power, simple_payback
from changping_geo.solar.potential import with_yield

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Purse:
    """What modules cost and how they age.

    Attributes
    ----------
    money : dict of str to float
        ``capex_cny_w`` [CNY/W], ``om_share``, ``discount_rate`` [1/a], ``lifetime_a`` [a].
    degradation : dict of str to float
        ``first_year`` [1], ``annual`` [1/a].
    lid_percent : float
        Light-induced degradation that the yield holds already. [%]
    tariff_cny_kwh : float
        0 when none is given. [CNY/kWh]
    kg_per_kwh : float
        Grid emission factor. [kg CO2/kWh]
    """

    money: dict[str, float]
    degradation: dict[str, float]
    lid_percent: float
    tariff_cny_kwh: float
    kg_per_kwh: float

    @property
    def remaining(self) -> Floats:
        """Power in each year of life over that of new modules, shape (years,). [1]"""
        return remaining_power(int(self.money["lifetime_a"]), **self.degradation, lid_percent=self.lid_percent)

    def spent(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add what adds up: investment, energy and avoided CO2 over the lifetime, avoided CO2 in the first year.

        Parameters
        ----------
        frame : DataFrame
            ``pv_capacity_kw`` [kW] and ``pv_energy_mwh_a`` [MWh/a].
        """
        life = frame["pv_energy_mwh_a"] * float(self.remaining.sum())
        return frame.assign(
            co2_avoided_t_a=frame["pv_energy_mwh_a"] * self.kg_per_kwh,  # kg/kWh is t/MWh
            investment_cny=frame["pv_capacity_kw"] * self.money["capex_cny_w"] * 1000.0,
            lifetime_energy_mwh=life,
            lifetime_co2_avoided_t=life * self.kg_per_kwh,
        )

    def priced(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add what does not add up: specific yield, levelised cost, payback; missing where there is no capacity.

        Parameters
        ----------
        frame : DataFrame
            From `spent`, or sums of it.
        """
        invest = frame["investment_cny"].to_numpy()
        yearly, energy = invest * self.money["om_share"], frame["pv_energy_mwh_a"].to_numpy() * 1000.0
        cost = levelised_cost(invest, yearly, energy, self.remaining, self.money["discount_rate"])
        payback = simple_payback(invest, yearly, energy, self.tariff_cny_kwh)
        return with_yield(frame).assign(lcoe_cny_kwh=cost, payback_a=payback)
