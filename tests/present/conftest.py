"""A made-up district of four square towns and fifty roofs, as a finished run."""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from changping_geo.layers.rasters import as_dataarray
from changping_geo.layers.spec import Column
from changping_geo.model import (
    Analysis,
    Frame,
    Grid,
    Layer,
    Ledger,
    Made,
    Output,
    Parameter,
    Result,
    Run,
    Setting,
    Status,
)

CRS = "EPSG:4547"
TOWNS = {
    "901": ("东庄镇", "Dongzhuang"),
    "902": ("西山街道", "Xishan"),
    "903": ("南河镇", "Nanhe"),
    "904": ("北岭镇", "Beiling"),
}
HOSTILE = '=HYPERLINK("http://x")<img src=x onerror=alert(1)>{{7*7}}'

OUTPUTS = (
    Output("roof_area_m2", "m2", "可用屋顶面积", "Usable roof area", "area × usable_share"),
    Output("pv_capacity_kw", "kW", "装机容量", "Capacity", "roof_area_m2 × power_density"),
    Output("pv_energy_mwh_a", "MWh/a", "年发电量", "Annual energy", "pv_capacity_kw × yield / 1000"),
    Output("pv_yield_kwh_kw_a", "kWh/(kW·a)", "等效利用小时", "Specific yield", "energy / capacity", extensive=False),
    Output("co2_avoided_t_a", "t CO2/a", "减排量", "CO2 avoided", "pv_energy_mwh_a × factor"),
)
CARDS = (
    Parameter(
        "usable_share.industrial",
        0.6,
        "1",
        0.4,
        0.8,
        "planning range, unverified",
        False,
        "工业屋顶可用比例",
        "Usable share, industry",
    ),
    Parameter("module", "mono", "1", None, None, "data sheet", True, "组件类型", "Module kind", ("mono", "poly")),
)
TOWN_COLUMNS = {
    "town_code": Column("town_code", "text", "统计代码", "Statistical code", required=True),
    "name_zh": Column("name_zh", "text", "名称", "Name (Chinese)", required=True),
    "name_en": Column("name_en", "text", "英文名称", "Name (English)"),
}
ROOF_COLUMNS = {
    "roof_id": Column("roof_id", "text", "屋顶编号", "Roof id", required=True),
    "use": Column(
        "use", "text", "用途", "Use", values={"housing": ("住宅", "housing"), "industrial": ("工业", "industry")}
    ),
    "height_m": Column("height_m", "float", "高度", "Height", unit="m", range=(2, 300)),
    "name": Column("name", "text", "名称", "Name"),
}


def _towns() -> gpd.GeoDataFrame:
    corners = [(i * 5000.0, j * 5000.0) for j in (0, 1) for i in (0, 1)]
    boxes = [shapely.box(480_000 + x, 4_400_000 + y, 485_000 + x, 4_405_000 + y) for x, y in corners]
    zh, en = zip(*TOWNS.values(), strict=True)
    return gpd.GeoDataFrame({"town_code": list(TOWNS), "name_zh": zh, "name_en": en}, geometry=boxes, crs=CRS)


def _roofs(count: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(7)
    x, y = 480_100 + rng.uniform(0, 9_700, count), 4_400_100 + rng.uniform(0, 9_700, count)
    side = rng.uniform(8, 60, count)
    data = {
        "roof_id": [f"r{i}" for i in range(count)],
        "use": np.where(side > 40, "industrial", "housing"),
        "height_m": np.round(rng.uniform(3, 30, count), 1),
        "name": [HOSTILE if i == 3 else None for i in range(count)],
    }
    return gpd.GeoDataFrame(data, geometry=shapely.box(x, y, x + side, y + side), crs=CRS)


def _results(towns: gpd.GeoDataFrame, roofs: gpd.GeoDataFrame) -> Result:
    east = roofs.centroid.x.to_numpy() > 485_000
    north = roofs.centroid.y.to_numpy() > 4_405_000
    features = pd.DataFrame({"roof_area_m2": roofs.area.to_numpy() * 0.6}, index=roofs.index)
    features["pv_capacity_kw"] = features["roof_area_m2"] * 0.2
    features["pv_energy_mwh_a"] = features["pv_capacity_kw"] * 1.2
    features.insert(0, "town_code", towns["town_code"].to_numpy()[east + 2 * north])
    by_town = features.groupby("town_code").sum().reindex(towns["town_code"])
    by_town.loc["outside"] = 0.0
    by_town.loc["district"] = by_town.sum()
    by_town["pv_yield_kwh_kw_a"] = by_town["pv_energy_mwh_a"] * 1000 / by_town["pv_capacity_kw"]
    by_town["co2_avoided_t_a"] = by_town["pv_energy_mwh_a"] * 0.5
    by_town.insert(0, "town_name", [*towns["name_zh"], "区外", "全区"])
    by_town.insert(1, "name_en", [*towns["name_en"], "outside", "district"])
    by_town.index.name = "town_code"
    monthly = pd.DataFrame({"month": range(1, 13), "pv_energy_mwh": np.arange(12) / 3})
    return Result(by_town, {"rooftops": features}, {"monthly": monthly})


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def build_run():
    """Return a builder: ``build_run(roofs=50)``."""

    def build(roofs: int = 50) -> Run:
        towns, roof_frame = _towns(), _roofs(roofs)
        aside = gpd.GeoDataFrame(
            {"roof_id": ["bad1", "bad2"], "reason": ["no geometry", HOSTILE]},
            geometry=[None, shapely.box(0, 0, 1, 1)],
            crs=CRS,
        )
        ledger = Ledger(
            "rooftops", roofs + 3, Counter({"ring closed": 1}), Counter({"no geometry": 1, HOSTILE: 1}), ["GBK guessed"]
        )
        layers = {
            "towns": Layer(
                "towns",
                towns,
                Status.RECONSTRUCTED,
                {"id": "r", "provider": "p", "licence": "own work"},
                Ledger("towns", 4),
            ),
            "rooftops": Layer(
                "rooftops",
                roof_frame,
                Status.SYNTHETIC,
                {"id": "s", "path": "data_raw/roofs.gpkg", "origin": HOSTILE, "sha256": "ab" * 32},
                ledger,
                aside,
            ),
        }
        settings = (Setting(CARDS[0], 0.7, chosen=True), Setting(CARDS[1], "mono", chosen=False))
        analysis = Analysis(
            "rooftop_pv",
            "屋顶光伏",
            "Rooftop PV",
            "Solar power on roofs.",
            ("towns", "rooftops"),
            (),
            OUTPUTS,
            settings,
            Status.SYNTHETIC,
        )
        return Run(
            Frame("testland", "测试区", "Testland", CRS, 8.0, 1, "测试规划", "Test plan"),
            "0123456789abcdef",
            layers,
            {"towns": ("镇街", "Towns"), "rooftops": ("建筑屋顶", "Rooftops")},
            {"towns": TOWN_COLUMNS, "rooftops": ROOF_COLUMNS},
            {"rooftop_pv": analysis},
            {"rooftop_pv": _results(towns, roof_frame)},
        )

    return build


@pytest.fixture
def small_run(build_run) -> Run:
    return build_run()


def _made(roofs: gpd.GeoDataFrame) -> Made:
    rows = {
        "site_id": ["s1", "s2", "s3"],
        "name": ["充电站甲", HOSTILE, None],
        "kind": ["fast", "slow", "fast"],
        "pv_energy_mwh_a": [1.5, 2.5, np.nan],
        "ports": [4, 8, 12],
    }
    points = roofs.centroid.to_numpy()[:3]
    data = gpd.GeoDataFrame(rows, geometry=points, crs=CRS)
    headings = {
        "site_id": ("站址编号", "Site id"),
        "name": ("站名", "Name"),
        "kind": ("类别", "Kind"),
        "ports": ("充电桩数量", "Ports", "count"),
    }
    words = {"kind": {"fast": ("快充", "fast"), "slow": ("慢充", "slow")}}
    return Made("推荐站址", "Proposed sites", data, headings, words, "site_id")


def _grids() -> dict[str, Grid]:
    place = (100.0, 0.0, 480_000.0, 0.0, -100.0, 4_410_000.0)
    rows, columns = np.mgrid[0:100, 0:100]
    codes = np.where(columns < 20, 1, np.where(rows < 50, 2, 3)).astype(np.uint8)
    codes[0, 0] = 0
    carbon = (rows * 1.5 + columns / 3).astype(np.float32)
    carbon[:5, :5] = np.nan
    classes = {
        1: ("林地", "forest", "#117733"),
        2: ("耕地", "cropland", "#ddcc77"),
        3: ("建设用地", "built-up", "#cc6677"),
    }
    return {
        "cover": Grid("土地覆盖", "Land cover", "", as_dataarray(codes, place, CRS, 0), classes),
        "carbon_density": Grid("碳密度", "Carbon density", "t C/ha", as_dataarray(carbon, place, CRS, None)),
    }


@pytest.fixture(scope="session")
def make_rich_run(build_run):
    """Return a builder of a run whose analysis made a layer of sites and two rasters, too."""

    def make() -> Run:
        run = build_run()
        result = run.results["rooftop_pv"]
        result.made["sites"] = _made(run.layers["rooftops"].data)
        result.rasters.update(_grids())
        return run

    return make


@pytest.fixture
def rich_run(make_rich_run) -> Run:
    return make_rich_run()
