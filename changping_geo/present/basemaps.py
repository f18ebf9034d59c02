"""Base maps that a reader may choose; the plain one is the page's own and needs no network."""

from __future__ import annotations

import os
import re
from typing import Any

from changping_geo.model import SpecError

TIANDITU_KEY = "TIANDITU_KEY"
_KEY = re.compile(r"[0-9A-Za-z]{8,64}")
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
# What a page for the public may lay under its data: its own base map, and the one of the national authority.
_PUBLIC = ("plain", "tianditu")
# Base maps: name, tile addresses, hosts for the page's policy, credit, highest zoom with tiles, GCJ-02 or not.
_BASES: dict[str, dict[str, Any]] = {
    "plain": {"name": ("素图（离线）", "Plain (offline)"), "tiles": [], "hosts": []},
    "tianditu": {
        "name": ("天地图", "Tianditu"),
        "tiles": ["vec", "cva"],
        "hosts": ["https://*.tianditu.gov.cn"],
        "attribution": "天地图 Tianditu",
        "subdomains": "01234567",
        "max_zoom": 18,
    },
    "amap": {
        "name": ("高德地图（已纠偏）", "AMap (shift corrected)"),
        "tiles": ["https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"],
        "hosts": [f"https://webrd0{n}.is.autonavi.com" for n in range(1, 5)],
        "attribution": "高德地图 AMap",
        "subdomains": "1234",
        "max_zoom": 18,
        "gcj": True,
    },
    "osm": {
        "name": ("OpenStreetMap", "OpenStreetMap"),
        "tiles": ["https://tile.openstreetmap.org/{z}/{x}/{y}.png"],
        "hosts": ["https://tile.openstreetmap.org"],
        "attribution": "© OpenStreetMap contributors",
        "max_zoom": 19,
    },
}


def bases(names: tuple[str, ...], use: str = "internal") -> list[dict[str, Any]]:
    """Return the base maps of a page; Tianditu only when its key is in the environment.

    The key then stands in the page: who gets the file can read it.

    Parameters
    ----------
    names : tuple of str
        Base maps wished for, the first one at start.
    use : str
        ``internal`` or ``public``; the public page has no other base maps than its own and Tianditu.

    Returns
    -------
    list of dict
        ``name`` (pair), ``tiles`` (addresses), ``hosts``, ``attribution``, ``subdomains``, ``max_zoom``, ``gcj``.

    Raises
    ------
    SpecError
        If the key is not made of letters and digits.
    """
    key = os.environ.get(TIANDITU_KEY, "").strip()
    if key and not _KEY.fullmatch(key):
        raise SpecError(f"{TIANDITU_KEY} in the environment is no Tianditu key: 8 to 64 letters and digits")
    chosen = []
    for name in names:
        if (name == "tianditu" and not key) or (use == "public" and name not in _PUBLIC):
            continue
        base = {
            "attribution": "",
            "subdomains": "abc",
            "max_zoom": 18,
            "gcj": False,
            "own": name == "plain",
            **_BASES[name],
        }
        if name == "tianditu":
            base["tiles"] = [_TIANDITU.format(layer=layer, key=key) for layer in base["tiles"]]
        chosen.append(base)
    return chosen or bases(("plain",))
