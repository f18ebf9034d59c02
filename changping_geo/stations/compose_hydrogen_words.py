"""What the columns and words of hydrogen siting are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.stations.candidates_hydrogen import KINDS, REASONS, SOURCES
from changping_geo.stations.compose_hydrogen_what_if import DRAWN, SCENARIOS
from changping_geo.stations.eligibility import BASES, VERDICTS
from changping_geo.stations.flows_heavy import HOW, PURPOSES

if TYPE_CHECKING:
    import pandas as pd

#: Why a candidate fails or needs a survey.
WHY = {
    "": ("—", "—"),
    "red_line": ("生态保护红线内", "inside the ecological red line"),
    "flood_zone": ("洪涝风险区内", "inside a flood zone"),
    "slope": ("坡度过大", "ground too steep"),
    "area": ("用地不足", "too little ground"),
    "off_network": ("距道路过远", "too far from any road"),
    "important_public": ("距重要公共建筑物过近", "near an important public building"),
    "class_1": ("距一类保护物过近", "near a class-1 building"),
    "class_2": ("距二类保护物过近", "near a class-2 building"),
    "class_3": ("距三类保护物过近", "near a class-3 building"),
    "main_road": ("距主干路过近", "near a main road"),
    "minor_road": ("距次干路、支路过近", "near a minor road"),
    "overhead_line": ("架空线路跨越", "crossed by an overhead line"),
    "railway": ("距铁路过近", "near a railway"),
    "open_flame": ("距明火地点过近", "near an open flame"),
}
#: What a place is in the plan; phases are added by the analysis.
FIXED, SPARE, OUT = "existing", "not_chosen", "failed"
ROLES = {
    FIXED: ("既有加氢站", "existing station"),
    SPARE: ("未选候选点", "candidate, not chosen"),
    OUT: ("不通过的候选点", "candidate that failed"),
}
STEP_WORDS = {"near": ("近", "near"), "middle": ("服务范围", "reach"), "far": ("远", "far")}
PURPOSE_WORDS = {"": ("—", "—"), **{word: (p.zh, p.en) for word, p in PURPOSES.items()}}
WORDS = {
    "verdict": VERDICTS,
    "basis": BASES,
    "reason": WHY,
    "source": SOURCES,
    "kind": KINDS,
    "purpose": PURPOSE_WORDS,
    "how": HOW,
    "set_aside": REASONS,
    "step": STEP_WORDS,
}
HEADINGS: dict[str, tuple[str, ...]] = {
    "candidate_id": ("候选点编号", "Candidate"),
    "name": ("名称", "Name"),
    "source": ("来源", "Source"),
    "kind": ("建站形式", "Kind"),
    "role": ("规划角色", "Role in the plan"),
    "verdict": ("筛选结论", "Verdict"),
    "basis": ("结论依据", "Rests on"),
    "reason": ("原因", "Reason"),
    "set_aside": ("剔除原因", "Reason"),
    "rule_id": ("控制规则", "Binding rule"),
    "standard": ("标准", "Standard"),
    "clause": ("条款", "Clause"),
    "neighbour": ("保护对象", "Neighbour"),
    "required_m": ("要求间距", "Distance required", "m"),
    "distance_m": ("可达间距", "Distance at the best spot", "m"),
    "shortfall_m": ("间距缺口", "Shortfall", "m"),
    "broken": ("不满足的规则", "Rules broken"),
    "held": ("本次检核", "Held"),
    "binds": ("控制的候选点", "Candidates bound", "count"),
    "fails": ("不通过", "Failed", "count"),
    "surveys": ("需核测", "Survey needed", "count"),
    "site_area_m2": ("场地面积", "Ground", "m2"),
    "area_told": ("面积有数据", "Ground is told"),
    "use_area_m2": ("可用于加氢的面积", "Ground for hydrogen", "m2"),
    "area_short_m2": ("用地缺口", "Ground short of", "m2"),
    "capacity_kg_d": ("日加注能力", "Capacity", "kg/d"),
    "grade": ("站级", "Grade"),
    "slope_deg": ("坡度", "Slope", "deg"),
    "phase_year": ("建设期(年)", "Built by"),
    "rank": ("建设次序", "Order of building"),
    "often": ("情景入选率", "Chosen in scenarios", "1"),
    "gain": ("单独新增覆盖", "Covers anew, alone", "1"),
    "count": ("数量", "Count", "count"),
    "what": ("问题", "Question"),
    "value": ("数值", "Value"),
    "bound": ("上界", "Bound"),
    "gap": ("差距", "Gap", "1"),
    "said_zh": ("求解结论", "Status (Chinese)"),
    "said_en": ("求解结论(英文)", "Status"),
    "method": ("方法", "Method"),
    "seconds": ("用时", "Time", "s"),
    "notes": ("说明", "Notes"),
    "new_sites": ("新增站数", "New stations", "count"),
    "stations": ("站数合计", "Stations in all", "count"),
    "stage": ("阶段", "Stage"),
    "trips_share": ("出行覆盖率", "Trips served", "1"),
    "vehicles_share": ("场站车辆覆盖率", "Vehicles served", "1"),
    "persons_share": ("人口覆盖率", "People served", "1"),
    "mix_share": ("综合覆盖率", "Mix served", "1"),
    "mix_bound": ("综合覆盖率上界", "Bound of the mix", "1"),
    "worst_town": ("覆盖率最低镇街", "Worst town"),
    "worst_town_share": ("最低镇街覆盖率", "Worst town's share", "1"),
    "wanted_kg_d": ("用氢需求", "Hydrogen wanted", "kg/d"),
    "served_kg_d": ("能力内可供", "Served within capacity", "kg/d"),
    "purpose": ("用途", "Purpose"),
    "how": ("数据来源", "How known"),
    "trips_d": ("日出行", "Trips", "1/d"),
    "served_before_d": ("现状可服务", "Served now", "1/d"),
    "served_after_d": ("规划可服务", "Served by the plan", "1/d"),
    "way_m": ("平均行程", "Mean way", "m"),
    "scenario": ("情景", "Scenario"),
    "best_share": ("该情景最优", "Best of the scenario", "1"),
    "plan_share": ("推荐方案", "The plan", "1"),
    "regret": ("遗憾值", "Regret", "1"),
    "regret_bound": ("遗憾值上界", "Regret at most", "1"),
    "sites_shared": ("相同站点占比", "Sites in common", "1"),
    "share": ("目标覆盖率", "Share aimed at", "1"),
    "site": ("方案站点", "Site of the plan"),
    "instead": ("可替换为", "May be replaced by"),
    "loss": ("覆盖损失", "Loss of cover", "1"),
    "step": ("范围", "Step"),
    "threshold": ("距离或时间", "Reach"),
    "road_km": ("道路里程", "Road", "km"),
    "area_km2": ("面积", "Area", "km2"),
    "origin": ("起点", "From"),
    "destination": ("终点", "To"),
    "served": ("服务状态", "Served"),
}
SERVED = {
    "now": ("现状可服务", "served now"),
    "plan": ("规划后可服务", "served by the plan"),
    "never": ("未服务", "not served"),
}


def scenario_words(names: list[str]) -> dict[str, tuple[str, str]]:
    """Return labels of scenarios, drawn ones with their number."""
    out = {}
    for name in names:
        head, _, number = name.rpartition("_")
        zh, en = SCENARIOS[DRAWN] if head == DRAWN else SCENARIOS[name]
        out[name] = (f"{zh}{number}", f"{en} {number}") if head == DRAWN else (zh, en)
    return out


def titled(table: pd.DataFrame, zh: str, en: str, **words: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Give a table its titles, headings and words."""
    known = {**WORDS, **words}
    table.attrs = {
        "title_zh": zh,
        "title_en": en,
        "headings": {name: HEADINGS[name] for name in table if name in HEADINGS},
        "words": {name: known[name] for name in table if name in known},
    }
    return table
