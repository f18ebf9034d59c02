"""Cards of the stock: which sets are used, and how unsure their figures are."""

from __future__ import annotations

from typing import NamedTuple

from changping_geo.cards import Cards, Parameter

PLANNING = "planning range, unverified: "


class _Doubt(NamedTuple):
    name: str
    value: float
    low: float
    high: float
    reason: str
    title_zh: str
    title_en: str


_DOUBTS = (
    _Doubt(
        "line", 0.10, 0.0, 0.5, PLANNING + "the sets print R2 only; taken for all rows that give no spread",
        "蓄积量—生物量方程", "line of a group of species",
    ),
    _Doubt(
        "expansion", 0.15, 0.0, 0.5, PLANNING + "IPCC 2006 Table 4.5 gives ranges that were not read",
        "生物量转换与扩展系数", "expansion factor",
    ),
    _Doubt(
        "carbon_fraction", 0.04, 0.0, 0.1,
        PLANNING + "measured 0.458 to 0.530 by stand type in Jilin; 0.45 or 0.50 for 0.475 moves a stock by 5.3 %",
        "含碳率", "carbon fraction",
    ),
    _Doubt(
        "volume_survey", 0.05, 0.0, 0.5, PLANNING + "what a whole survey has too much or too little",
        "蓄积调查总体偏差", "volume of the whole survey",
    ),
    _Doubt(
        "volume_stand", 0.20, 0.0, 1.0, PLANNING + "visual or plot estimate of one stand; cancels over many",
        "单个小班蓄积", "volume of one stand",
    ),
    _Doubt(
        "root_ratio", 0.459, 0.0, 1.0, "IPCC 2019 Table 4.4: 90 % read as a 95 % interval; where a set gives none",
        "根茎比", "root ratio",
    ),
    _Doubt(
        "dead", 0.50, 0.0, 1.0, PLANNING + "one ratio of biomass for the whole temperate zone",
        "枯死木与枯落物", "dead wood and litter",
    ),
    _Doubt(
        "density", 0.40, 0.0, 1.0,
        PLANNING + "plantation biomass of IPCC 2019 Table 4.8 has spreads of 0.31 to 0.68 by species and age",
        "土地覆盖碳密度", "density of a land-cover class",
    ),
    _Doubt(
        "raster", 0.30, 0.0, 1.0, PLANNING + "a biomass raster over a town", "生物量栅格", "biomass raster",
    ),
    _Doubt(
        "soil", 0.459, 0.0, 1.0, PLANNING + "as of the root ratio: 90 % read as a 95 % interval",
        "土壤参考碳密度", "reference stock of soil",
    ),
    _Doubt(
        "urban_trees", 0.50, 0.0, 1.0,
        PLANNING + "figures from elsewhere; published storage of cities differs by a factor of five",
        "城市树木碳密度", "storage of urban trees",
    ),
)  # fmt: skip


def _word(name: str, value: str, choices: tuple[str, ...], source: str, zh: str, en: str, *, known: bool) -> Parameter:
    return Parameter(name, value, "word", None, None, source, verified=known, title_zh=zh, title_en=en, choices=choices)


CARDS = Cards(
    _word(
        "volume_set", "zhang2013", (), "a set of carbon_volume or carbon_bcef; Zhang et al. 2013 rests on 3,543 plots",
        "蓄积量—生物量参数集", "Parameter set from volume to biomass", known=True,
    ),
    _word(
        "root_set", "ipcc2019", (), "a set of the layer carbon_roots; IPCC 2019 has ratios for temperate Asia",
        "根茎比参数集", "Set of root ratios", known=True,
    ),
    _word(
        "density_set", "beijing", (), "a set of the layer carbon_density",
        "土地覆盖碳密度参数集", "Set of land-cover densities", known=False,
    ),
    _word(
        "urban_set", "nowak2013", (), "a set of the layer carbon_urban that is per area of crowns",
        "城市树木参数集", "Set of urban-tree figures", known=True,
    ),
    _word(
        "soil_set", "ipcc2019", ("ipcc2006", "ipcc2019"), "of the layer carbon_soil; none was read in its source",
        "土壤参考碳密度参数集", "Set of soil reference stocks", known=False,
    ),
    _word(
        "soil_climate", "warm_temperate_dry", ("warm_temperate_dry", "cool_temperate_dry"),
        PLANNING + "the zone of the district is to be confirmed; the other one nearly doubles the stock",
        "土壤气候区", "Climate zone of soils", known=False,
    ),
    _word(
        "soil_moisture", "dry", ("dry", "moist"), PLANNING + "as of the climate zone",
        "土壤干湿", "Moisture regime of soils", known=False,
    ),
    Parameter(
        "missing_canopy", 0.4, "1", 0.0, 1.0, PLANNING + "crowns over a green whose canopy cover is not known",
        verified=False, title_zh="树冠覆盖率缺失时的假定", title_en="Canopy cover where unknown",
    ),
    Parameter(
        "raster_root_ratio", 0.26, "1", 0.0, 1.0, "WRI carbon-budget v1.4.3, default root ratio",
        verified=True, title_zh="土地覆盖根茎比", title_en="Root ratio that parts densities of whole trees",
    ),
    (
        Parameter(
            f"stock_doubt.{d.name}", d.value, "1", d.low, d.high, d.reason, verified=not d.reason.startswith(PLANNING),
            title_zh=f"相对标准差: {d.title_zh}", title_en=f"Relative standard deviation: {d.title_en}",
        )
        for d in _DOUBTS
    ),
    Parameter(
        "species_correlation", 0.5, "1", 0.0, 1.0,
        PLANNING + "errors of the groups of one set share plots, methods and region",
        verified=False, title_zh="树种组参数误差相关系数", title_en="Correlation of errors between groups of one set",
    ),
    Parameter(
        "stock_draws", 1000, "1", 10, 100_000, "as for the other analyses; cheap, since draws are laid on sums",
        verified=True, title_zh="抽样次数", title_en="Draws",
    ),
)  # fmt: skip
