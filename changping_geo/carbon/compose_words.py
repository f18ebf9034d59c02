"""What the columns and words of the carbon tables are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.carbon.pools import POOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

#: Chinese and English heading, and the unit.
HEADINGS: dict[str, tuple[str, ...]] = {
    **{f"{name}_t_c": (f"{zh}碳储量", f"Carbon {en}", "t C") for name, (zh, en) in POOLS.items()},
    "year": ("年份", "Year"),
    "what_zh": ("情形", "What (Chinese)"),
    "tier_zh": ("数据层级", "Tier (Chinese)"),
    "tier_en": ("数据层级(英文)", "Tier (English)"),
    "pool_zh": ("碳库", "Pool (Chinese)"),
    "pool_en": ("碳库(英文)", "Pool (English)"),
    "species": ("树种", "Species"),
    "age_from_a": ("林龄自", "Age from", "a"),
    "age_to_a": ("林龄至", "Age to", "a"),
    "area_ha": ("面积", "Area", "ha"),
    "area_share": ("面积占比", "Share of area", "1"),
    "volume_m3": ("蓄积量", "Volume", "m3"),
    "volume_m3_ha": ("公顷蓄积", "Volume per hectare", "m3/ha"),
    "volume_p10_m3": ("蓄积P10", "Volume, P10", "m3"),
    "volume_p90_m3": ("蓄积P90", "Volume, P90", "m3"),
    "growth_m3": ("生长量", "Growth", "m3"),
    "planting_m3": ("造林增量", "Planting", "m3"),
    "harvest_m3": ("采伐量", "Harvest", "m3"),
    "land_change_m3": ("林地减少", "Loss of land", "m3"),
    "trees_t_c": ("林木碳储量", "Carbon of living trees", "t C"),
    "plants_t_c": ("植物碳储量", "Carbon of plants", "t C"),
    "t_c": ("碳", "Carbon", "t C"),
    "t_co2": ("二氧化碳", "CO2", "t CO2"),
    "t_c_ha": ("碳密度", "Carbon density", "t C/ha"),
    "tier": ("数据层级", "Tier"),
    "pool": ("碳库", "Pool"),
    "depth": ("土壤深度", "Depth of soil"),
    "climate": ("气候区", "Climate zone"),
    "set": ("参数集", "Parameter set"),
    "row": ("参数行", "Row"),
    "why": ("原因", "Why"),
    "chosen": ("本次采用", "Used here"),
    "what": ("情形", "What"),
    "stands": ("小班数", "Stands"),
    "method": ("方法", "Method"),
    "warning": ("提示", "Warning"),
    "region": ("地区", "Region"),
    "year_from": ("起始年", "From"),
    "year_to": ("终止年", "To"),
    "rate": ("年增长率", "Yearly rate", "1/a"),
    "too_fast": ("快于自然生长", "Faster than growth"),
    "basis_changes": ("口径变化", "Basis changes"),
    "reasons": ("断点依据", "Signs of a break"),
    "p_value": ("断点检验p值", "p-value of the test", "1"),
    "sink_stock_t_co2_a": ("碳汇(蓄积差法)", "Sink by stock difference", "t CO2/a"),
    "sink_rate_t_co2_a": ("碳汇(林龄速率法)", "Sink by rates of age", "t CO2/a"),
    "growth_t_c": ("生长引起", "By growth", "t C"),
    "land_t_c": ("林地变化引起", "By change of land", "t C"),
    "change_t_c": ("碳储量变化", "Change of carbon", "t C"),
    "uncovered_ha": ("无速率的面积", "Area without a rate", "ha"),
    "low_a": ("林龄低值", "Age, low", "a"),
    "central_a": ("采用林龄", "Age used", "a"),
    "high_a": ("林龄高值", "Age, high", "a"),
    "basis": ("依据", "Basis"),
    "kind": ("类别", "Kind"),
    "amount": ("数量", "Amount"),
    "unit": ("单位", "Unit"),
    "surviving_ha": ("保存面积", "Surviving area", "ha"),
    "after": ("伐后", "Afterwards"),
    "with_plans_m3": ("实施计划后蓄积", "Volume with the plans", "m3"),
    "without_plans_m3": ("无计划蓄积", "Volume without plans", "m3"),
    "effect_m3": ("计划引起的差额", "Effect of the plans", "m3"),
    "effect_t_co2": ("计划引起的二氧化碳变化", "Effect of the plans", "t CO2"),
    "target_share_m3": ("目标分摊", "Share of the target", "m3"),
    "gap_m3": ("差距", "Gap", "m3"),
    "required_m3_a": ("所需年增量", "Required per year", "m3/a"),
    "low_t_c": ("最低参数集", "Lowest set", "t C"),
    "high_t_c": ("最高参数集", "Highest set", "t C"),
    "low_rel": ("最低参数集偏差", "Lowest set over the default, less one", "1"),
    "high_rel": ("最高参数集偏差", "Highest set over the default, less one", "1"),
    "plants_p10": ("植物碳P10", "Carbon of plants, P10", "t C"),
    "plants_p50": ("植物碳P50", "Carbon of plants, P50", "t C"),
    "plants_p90": ("植物碳P90", "Carbon of plants, P90", "t C"),
    "rank_p10": ("名次P10", "Rank, P10"),
    "rank_p90": ("名次P90", "Rank, P90"),
    "rank_kept": ("名次保持率", "Share of draws with that rank", "1"),
    "stand_t_c_ha": ("碳密度", "Carbon density", "t C/ha"),
    "stand_t_c": ("小班碳储量", "Carbon of the stand", "t C"),
    "stand_t_co2": ("小班碳储量(CO2)", "Carbon of the stand as CO2", "t CO2"),
    "stand_sink_t_co2_a": ("小班碳汇", "Sink of the stand", "t CO2/a"),
    "stand_area_ha": ("小班面积", "Area of the stand", "ha"),
    "carbon_from": ("碳的取得", "How carbon was found"),
    "group_used": ("采用的树种组", "Group of species used"),
    "green_area_ha": ("计入面积", "Area counted", "ha"),
    "green_t_c": ("绿地碳储量", "Carbon of the green", "t C"),
    "green_t_c_ha": ("绿地碳密度", "Carbon density of the green", "t C/ha"),
    "green_uptake_t_co2_a": ("绿地毛固碳", "Gross uptake of the green", "t CO2/a"),
}
#: How a stand's carbon was found; a stand from which none can be told leaves its land to the lower tiers.
CARBON_FROM = {
    "volume": ("蓄积量", "volume"),
    "age": ("林龄", "age"),
    "": ("下级数据", "lower tiers"),
}
#: How the notes of a projection begin, and what they say in Chinese.
NOTES = {
    "volume held": "树种无生长曲线, 蓄积保持不变",
    "site factor held": "立地系数超过上限, 取上限",
    "no volume": "曲线起点以上而无蓄积, 不计生长",
    "older than": "林龄超过曲线适用上限, 只计部分生长",
    "surveyed before": "调查早于基准年, 先生长至基准年",
}


def spoken(table: pd.DataFrame, column: str, words: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Return a table with the Chinese and English words of a column beside it."""
    out, at = table.copy(), list(table.columns).index(column) + 1
    out.insert(at, f"{column}_zh", [words[word][0] for word in table[column]])
    out.insert(at + 1, f"{column}_en", [words[word][1] for word in table[column]])
    return out


def titled(table: pd.DataFrame, title_zh: str, title_en: str) -> pd.DataFrame:
    """Return a table with its title and the headings of its columns."""
    out = table.copy()
    columns = [str(name) for name in (*table.columns, table.index.name)]
    known = {name: HEADINGS[name] for name in columns if name in HEADINGS}
    out.attrs = {"title_zh": title_zh, "title_en": title_en, "headings": known}
    return out


def named(table: pd.DataFrame, towns: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a table of towns, outside and district with their names in front."""
    english = towns["name_en"] if "name_en" in towns else towns["name_zh"]
    out = table.copy()
    out.insert(0, "town_name", [*towns["name_zh"], "区外", "全区"])
    out.insert(1, "name_en", [*english, "outside the towns", "whole district"])
    return out
