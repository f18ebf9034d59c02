"""What share of a roof can carry modules, and which roof a building has when nobody says."""

from __future__ import annotations

from changping_geo.model import Cards, Parameter
from changping_geo.solar.roof import FLAT, GABLE, METAL

USES = {
    "rural_house": ("农村住宅", "village house"),
    "housing": ("城镇住宅", "urban housing"),
    "industrial": ("工业仓储", "industry and storage"),
    "commercial": ("商业办公", "shops and offices"),
    "public": ("公共机构", "public body"),
    "education": ("教育科研", "education and research"),
    "health": ("医疗卫生", "health"),
    "transport": ("交通市政", "transport and utilities"),
    "other": ("其他", "other"),
}
TYPES = {FLAT: ("平屋顶", "flat"), GABLE: ("坡屋顶", "pitched"), METAL: ("金属屋面", "metal")}

#: Share that is fit to carry modules of what is left inside the setback and clear of obstacles, on a flat, a pitched
#: and a metal roof: (low, central, high). Setback and obstacles were taken out of the net shares in `NET`. [1]
SHARES = {
    "rural_house": ((0.60, 0.90, 1.00), (0.60, 0.75, 0.95), (0.75, 0.90, 1.00)),
    "housing": ((0.40, 0.55, 0.70), (0.55, 0.65, 0.80), (0.60, 0.70, 0.85)),
    "industrial": ((0.75, 0.85, 0.95), (0.70, 0.80, 0.90), (0.65, 0.85, 0.95)),
    "commercial": ((0.45, 0.60, 0.70), (0.55, 0.65, 0.80), (0.60, 0.70, 0.85)),
    "public": ((0.55, 0.65, 0.80), (0.55, 0.65, 0.80), (0.60, 0.70, 0.85)),
    "education": ((0.60, 0.70, 0.85), (0.60, 0.70, 0.85), (0.65, 0.75, 0.90)),
    "health": ((0.45, 0.55, 0.70), (0.55, 0.65, 0.80), (0.60, 0.70, 0.85)),
    "transport": ((0.75, 0.90, 1.00), (0.60, 0.70, 0.85), (0.65, 0.75, 0.90)),
    "other": ((0.70, 0.85, 1.00), (0.55, 0.65, 0.80), (0.60, 0.70, 0.85)),
}
#: The same with setback and obstacles included, of a roof of usual size: what published tools call the usable share,
#: (low, high). A test holds the product of the three factors inside. [1]
NET = {
    "rural_house": ((0.25, 0.60), (0.40, 0.75), (0.50, 0.80)),
    "housing": ((0.20, 0.50), (0.40, 0.70), (0.45, 0.75)),
    "industrial": ((0.45, 0.75), (0.50, 0.80), (0.50, 0.85)),
    "commercial": ((0.25, 0.55), (0.40, 0.70), (0.45, 0.75)),
    "public": ((0.30, 0.60), (0.40, 0.70), (0.45, 0.75)),
    "education": ((0.35, 0.65), (0.45, 0.75), (0.50, 0.80)),
    "health": ((0.25, 0.55), (0.40, 0.70), (0.45, 0.75)),
    "transport": ((0.35, 0.65), (0.45, 0.75), (0.50, 0.80)),
    "other": ((0.30, 0.60), (0.40, 0.70), (0.45, 0.75)),
}
SHARE_SOURCE = (
    "planning range, unverified: no published share for local building types; published tools use 0.3 to 0.7 with "
    "setback and obstacles included (eGon-data 0.5, size classes 0.3 to 0.7), which are taken out here"
)
#: Share that stair heads, tanks, machines, skylights and solar water heaters take, (low, central, high). [1]
OBSTACLES = {FLAT: (0.10, 0.20, 0.35), GABLE: (0.02, 0.08, 0.20), METAL: (0.02, 0.08, 0.15)}
#: Strip along every edge of a plane that stays free, (low, central, high). [m]
SETBACKS = {FLAT: (0.3, 1.0, 2.0), GABLE: (0.0, 0.3, 1.0), METAL: (0.0, 0.5, 1.5)}
TYPICAL_ROOF = dict.fromkeys(USES, FLAT) | {"rural_house": GABLE, "industrial": METAL}

CARDS = Cards(
    (
        Parameter(
            f"usable_share.{use}_{kind}",
            central,
            "1",
            low,
            high,
            SHARE_SOURCE,
            verified=False,
            title_zh=f"适装比例(扣除退距与障碍后): {USES[use][0]}, {TYPES[kind][0]}",
            title_en=f"Usable share inside setback, clear of obstacles: {USES[use][1]}, {TYPES[kind][1]}",
        )
        for use, by_type in SHARES.items()
        for kind, (low, central, high) in zip(TYPES, by_type, strict=True)
    ),
    (
        Parameter(
            f"obstacle_share.{kind}",
            central,
            "1",
            low,
            high,
            "planning range, unverified: stair heads, tanks, machines, skylights, solar water heaters; no local survey",
            verified=False,
            title_zh=f"屋面障碍物占比: {TYPES[kind][0]}",
            title_en=f"Share taken by obstacles: {TYPES[kind][1]}",
        )
        for kind, (low, central, high) in OBSTACLES.items()
    ),
    (
        Parameter(
            f"setback_m.{kind}",
            central,
            "m",
            low,
            high,
            "planning range, unverified: parapet and walkway on flat roofs, ridge, eaves and verges on others",
            verified=False,
            title_zh=f"屋面边缘退距: {TYPES[kind][0]}",
            title_en=f"Setback from every edge of a plane: {TYPES[kind][1]}",
        )
        for kind, (low, central, high) in SETBACKS.items()
    ),
    (
        Parameter(
            f"typical_roof.{use}",
            kind,
            "word",
            None,
            None,
            "planning assumption, unverified: taken where a building's roof type is not known",
            verified=False,
            title_zh=f"屋顶形式缺失时的假定: {USES[use][0]}",
            title_en=f"Roof type where unknown: {USES[use][1]}",
            choices=tuple(TYPES),
        )
        for use, kind in TYPICAL_ROOF.items()
    ),
    Parameter(
        "min_plane_yield",
        0.70,
        "1",
        0.0,
        1.0,
        "planning range, unverified: leaves out north planes of pitched roofs as NREL does, keeps east and west",
        verified=False,
        title_zh="坡面最低产出比(相对最佳朝向)",
        title_en="Least yield of a roof plane, relative to the best",
    ),
    Parameter(
        "min_usable_area_m2",
        10.0,
        "m2",
        0.0,
        100.0,
        "Gagnon et al. 2016, NREL/TP-6A20-65298: at least 10 m2 of contiguous roof",
        verified=True,
        title_zh="单个坡面最小可用面积",
        title_en="Least usable area of a roof plane",
    ),
)
