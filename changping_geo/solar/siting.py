"""Where to begin: the best roofs, as a list to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LIST = "length and order of the list, a choice of the user"
CARDS = Cards(
    Parameter(
        "best_roofs.count",
        200,
        "count",
        1,
        10_000,
        LIST,
        verified=True,
        title_zh="优选屋顶数量",
        title_en="Roofs in the list of the best",
    ),
    Parameter(
        "best_roofs.min_kw",
        50.0,
        "kW",
        0.0,
        10_000.0,
        LIST,
        verified=True,
        title_zh="优选屋顶最小装机",
        title_en="Least capacity of a roof in the list",
    ),
    Parameter(
        "best_roofs.first",
        "any",
        "word",
        None,
        None,
        LIST + "; public: roofs of government and public bodies before all others",
        verified=True,
        title_zh="优先权属",
        title_en="Ownership that comes first",
        choices=("any", "public"),
    ),
)
PUBLIC = ("government", "public")
#: Decimals of longitude and latitude: about a metre. [1]
DECIMALS = 5
SHOWN = ("pv_capacity_kw", "pv_energy_mwh_a", "specific_yield_kwh_kw_a", "lcoe_cny_kwh")


def best_roofs(
    rooftops: gpd.GeoDataFrame,
    features: pd.DataFrame,
    town_names: pd.Series,
    *,
    count: int,
    min_kw: float,
    first: str,
) -> pd.DataFrame:
    """List the roofs with most energy, with their rank by specific yield and within their programme.

    Parameters
    ----------
    rooftops : GeoDataFrame
        ``roof_id``, ``use``; ``name`` and ``owner`` where known; in a metric CRS.
    features : DataFrame
        On the same index: ``town_code``, ``programme``, ``pv_capacity_kw``, ``pv_energy_mwh_a``,
        ``specific_yield_kwh_kw_a``, ``lcoe_cny_kwh``.
    town_names : Series
        Name by town code.
    count : int
        Length of the list. [count]
    min_kw : float
        Least capacity. [kW]
    first : str
        ``public`` puts roofs of government and public bodies before all others; ``any`` does not.

    Returns
    -------
    DataFrame
        Best first; equals in the order of their ids. Ranks are among all roofs of that size.
    """
    own = [name for name in ("roof_id", "name", "use", "owner") if name in rooftops]
    able = (features["pv_capacity_kw"] >= min_kw) & (features["pv_capacity_kw"] > 0)
    table = pd.concat([pd.DataFrame(rooftops)[own], features[["town_code", "programme", *SHOWN]]], axis=1)[able]
    table["rank_energy"] = table["pv_energy_mwh_a"].rank(method="min", ascending=False).astype(np.int64)
    table["rank_specific_yield"] = table["specific_yield_kwh_kw_a"].rank(method="min", ascending=False).astype(np.int64)
    by_programme = table.groupby("programme")["pv_energy_mwh_a"]
    table["rank_in_programme"] = by_programme.rank(method="min", ascending=False).astype(np.int64)
    table["public_owner"] = table["owner"].isin(PUBLIC) if "owner" in table else False
    keys = ["public_owner"] if first == "public" else []
    tie = ["roof_id"] if "roof_id" in table else []
    order = [False] * len(keys) + [True] * (1 + len(tie))
    best = table.sort_values([*keys, "rank_energy", *tie], ascending=order, kind="stable").head(int(count))
    lon, lat = _lonlat(rooftops.loc[best.index])
    out = best.assign(town_name=best["town_code"].map(town_names), lon=lon, lat=lat)
    ranks = ["rank_energy", "rank_specific_yield", "rank_in_programme"]
    leading = [*ranks, *own, "town_code", "town_name", "programme", "public_owner"]
    out = out[[*leading, *SHOWN, "lon", "lat"]].reset_index(drop=True)
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    out.attrs = {"title_zh": "优先屋顶", "title_en": "best roofs"}
    return out


def _lonlat(rooftops: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Return longitude and latitude of a point on each roof, rounded. [degrees]"""
    points = shapely.get_coordinates(shapely.point_on_surface(np.asarray(rooftops.geometry.array, dtype=object)))
    if not len(points):
        return np.zeros(0), np.zeros(0)
    lon, lat = Transformer.from_crs(rooftops.crs, "EPSG:4326", always_xy=True).transform(points[:, 0], points[:, 1])
    return np.round(lon, DECIMALS), np.round(lat, DECIMALS)
