from __future__ import annotations

import re

import folium
import pytest

from changping_geo.model import SpecError
from changping_geo.present.offline import (
    Verbatim,
    page_html,
    script_element,
    security_policy,
    style,
    style_element,
    take_offline,
)

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*['"]?(?:https?:)?//|@import|\bimport\(""")


def test_no_link_leads_out_of_a_folium_page():
    html = page_html(take_offline(folium.Map([40, 116], tiles=None)))
    assert not OUTSIDE.search(re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL))
    assert "<link" not in html
    assert "<script src" not in html
    assert "Leaflet 1.9.3" in html
    assert "bootstrap" not in html.lower()


def test_jquery_comes_along_only_when_the_page_uses_it():
    bare = folium.Map([40, 116], tiles=None)
    with_popup = folium.Map([40, 116], tiles=None)
    folium.Marker([40, 116], popup="x").add_to(with_popup)
    assert "jQuery v3" not in page_html(take_offline(bare))
    assert "jQuery v3" in page_html(take_offline(with_popup))


def test_a_link_that_no_package_brings_is_refused_by_name():
    page = folium.Map([40, 116], tiles=None)
    page.add_js_link("d3", "https://example.org/d3.js")
    try:
        with pytest.raises(SpecError, match="d3"):
            take_offline(page)
    finally:
        folium.Map.default_js[:] = [pair for pair in folium.Map.default_js if pair[0] != "d3"]


def test_images_of_a_style_sheet_stand_inside_it():
    css = style("leaflet_css")
    addresses = re.findall(r"url\(([^)]{5})", css)
    assert addresses
    assert set(addresses) <= {"data:", "#defa"}


def test_nothing_in_a_script_or_style_can_close_it():
    assert script_element("x='</script>'").count("</script") == 1
    assert style_element("a{content:'</style>'}").count("</style") == 1


def test_verbatim_is_never_compiled():
    page = folium.Map([40, 116], tiles=None)
    page.get_root().html.add_child(Verbatim("<p>{{7*7}}{% x %}</p>"))
    assert "<p>{{7*7}}{% x %}</p>" in page_html(take_offline(page))


def test_the_policy_closes_everything_but_chosen_tiles():
    policy = security_policy(("https://tile.example.org",))
    assert "default-src 'none'" in policy
    assert "img-src data: blob: https://tile.example.org;" in policy
