"""Headings of the columns that are no outputs: Chinese, English, unit."""

from __future__ import annotations

PROJECT_HEADINGS: dict[str, tuple[str, ...]] = {
    "cop_basis": ("能效依据", "Performance starts from"),
    "cop_rated": ("额定能效", "Rated performance", "1"),
    "spf_low": ("季节能效低值", "Seasonal performance, low", "1"),
    "spf": ("季节能效", "Seasonal performance", "1"),
    "spf_high": ("季节能效高值", "Seasonal performance, high", "1"),
    "heat_mwh_a": ("供热量", "Heat delivered", "MWh/a"),
    "electricity_mwh_a": ("用电量", "Electricity", "MWh/a"),
    "electricity_mwh_a_low": ("用电量低值", "Electricity, low", "MWh/a"),
    "electricity_mwh_a_high": ("用电量高值", "Electricity, high", "MWh/a"),
    "co2_saved_gas_t_a": ("减排量(对燃气)", "CO2 saved against gas", "t CO2/a"),
    "co2_saved_gas_t_a_low": ("减排量(对燃气)低值", "CO2 saved against gas, low", "t CO2/a"),
    "co2_saved_gas_t_a_high": ("减排量(对燃气)高值", "CO2 saved against gas, high", "t CO2/a"),
    "co2_saved_coal_t_a": ("减排量(对燃煤)", "CO2 saved against coal", "t CO2/a"),
    "saving_gas": ("是否减排(对燃气)", "Saving against gas"),
    "investment_cny": ("投资", "Investment", "CNY"),
    "heat_cost_cny_kwh": ("供热成本", "Cost of heat", "CNY/kWh"),
    "counted_as_new": ("计入新增(全区)", "Counted as new (district)"),
}
CELL_HEADINGS: dict[str, tuple[str, ...]] = {
    "cell_id": ("网格编号", "Cell id"),
    "n_buildings": ("建筑数", "Buildings", "count"),
    "floor_area_m2": ("建筑面积", "Floor area", "m2"),
    "elevation_m": ("高程", "Elevation", "m"),
    "covered_mwh_a": ("地源可覆盖", "Covered by ground source", "MWh/a"),
    "covered_share": ("地源覆盖率", "Share covered by ground source", "1"),
    "advice": ("建议类型", "Kind to look at first"),
    "spf": ("季节能效", "Seasonal performance", "1"),
}
PARCEL_HEADINGS: dict[str, tuple[str, ...]] = {
    "parcel_id": ("地块编号", "Parcel id"),
    "source": ("地块来源", "Kind of parcel"),
    "open_m2": ("可布孔净地", "Open ground", "m2"),
    "n_bores": ("钻孔数", "Boreholes", "count"),
    "bore_power_w_m": ("采暖季平均取热", "Heat taken, season mean", "W/m"),
    "ground_heat_mwh_a": ("年取热量", "Heat from the ground", "MWh/a"),
    "potential_mwh_a": ("可供热量", "Heat it can deliver", "MWh/a"),
    "demand_in_reach_mwh_a": ("半径内热需求", "Demand within reach", "MWh/a"),
    "served_mwh_a": ("分配供热量", "Heat given to demand", "MWh/a"),
    "coverage": ("潜力/半径内需求", "Potential over demand in reach", "1"),
    "heated_area_m2": ("可供面积", "Area it heats", "m2"),
    "response_test": ("热响应试验", "Thermal response test"),
    "suitability": ("适宜度", "Suitability", "1"),
    "excluded": ("排除原因", "Excluded by"),
    "town_name": ("镇街", "Town"),
}
