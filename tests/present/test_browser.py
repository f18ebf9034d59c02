"""Pages opened from disk in a real browser without network: what a reader sees, and what must never happen."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from changping_geo.model import Frame, SpecError
from changping_geo.present import webmap
from changping_geo.present.index import write_index
from changping_geo.present.mapspec import read_mapspec
from changping_geo.present.webmap import write_map

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
FLAGS = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync
--disable-component-update --disable-default-apps --disable-extensions --hide-scrollbars --proxy-server=127.0.0.1:9
--remote-debugging-pipe
"""


class Browser:
    """Chromium over its debugging pipe: no socket, no driver."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (theirs_in, self._out), (self._in, theirs_out) = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 64) for end in (theirs_in, theirs_out)]

        def wire() -> None:
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        self._process = subprocess.Popen(
            [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={self._profile.name}", "about:blank"],
            preexec_fn=wire,  # noqa: PLW1509 - the pipe has to be on descriptors 3 and 4; tests run no threads
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (theirs_in, theirs_out, *theirs):
            os.close(end)
        self._last, self._unread, self.events = 0, b"", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    _session = ""

    def call(self, method: str, **params):
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._read()
            if reply.get("id") == self._last:
                if "error" in reply:
                    raise RuntimeError(reply["error"])
                return reply["result"]
            self.events.append(reply)

    def _read(self):
        while b"\0" not in self._unread:
            more = os.read(self._in, 1 << 20)
            if not more:
                raise RuntimeError("the browser went away")
            self._unread += more
        text, _, self._unread = self._unread.partition(b"\0")
        return json.loads(text)

    def open(self, path: Path, width: int = 1366, height: int = 768, *, mobile: bool = False) -> None:
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete'")

    def js(self, expression: str):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        while not self.js(condition):
            if time.monotonic() > until:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def complaints(self) -> list[str]:
        self.js("1")
        found = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"], ensure_ascii=False)[:500])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"])[:500])
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return found

    def requests(self) -> list[str]:
        urls = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("data:", "file:", "blob:", "about:"))]

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        self._profile.cleanup()


@contextmanager
def browsing():
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium found on this machine")
    with browsing() as open_browser:
        yield open_browser


SPEC_TOML = """
title_zh = "屋顶光伏潜力"
title_en = "Rooftop PV potential"
analysis = "rooftop_pv"
headline = ["pv_capacity_kw", "pv_energy_mwh_a"]
[towns]
column = "pv_energy_mwh_a"
popup = ["pv_capacity_kw", "pv_energy_mwh_a", "pv_yield_kwh_kw_a"]
[[layers]]
layer = "rooftops"
draw = "packed"
column = "pv_capacity_kw"
classes = 5
popup = ["use", "height_m", "pv_capacity_kw"]
min_zoom = 14
grid_m = 500
"""
LAYER = "PlanMap.app.layers.rooftops"
READY = "window.PlanMap && PlanMap.app && PlanMap.app.idle()"
PAYLOADS = (
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=2</script>",
    "{{7*7}}{% if 1 %}${window.ran=3}{% endif %}",
    "`'\"><svg onload=window.ran=4>\\u003c&lt;#{x}",
)


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "page.toml"
    path.write_text(SPEC_TOML, encoding="utf-8")
    return read_mapspec(path)


@pytest.fixture
def page(browser, small_run, spec, tmp_path):
    """A map, opened."""
    write_map(small_run, spec, tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.wait(READY)
    return browser


def _at(browser, lat, lng):
    return browser.js(f"(function(){{var p=PlanMap.app.map.latLngToContainerPoint([{lat},{lng}]);return [p.x,p.y]}})()")


def _first_roof(browser, zoom=18):
    """Zoom to a roof and return a point on it."""
    browser.js(
        f"(function(){{var r={LAYER}.set,b=r.boxes;PlanMap.app.map.setView([(b[1]+b[3])/2e6,(b[0]+b[2])/2e6],"
        f"{zoom},{{animate:false}})}})()"
    )
    return browser.js("(function(){var s=PlanMap.app.map.getSize();return [s.x/2,s.y/2]})()")


def _popup(browser):
    browser.wait("document.querySelector('.leaflet-popup-content') !== null")
    return browser.js("document.querySelector('.leaflet-popup-content').innerText")


def test_a_map_opens_without_network_without_complaint(page):
    assert page.js("document.querySelectorAll('.leaflet-container').length") == 1
    assert page.js("document.querySelectorAll('path.town').length") == 4
    assert page.js("document.title") == "测试区屋顶光伏潜力"
    assert page.complaints() == []
    assert page.requests() == []


def test_a_click_on_a_town_tells_its_figures_in_both_languages(page, small_run):
    page.click(*_at(page, *page.js("PlanMap.app.page.towns.features.features[0].properties.at")))
    text = _popup(page)
    assert "东庄镇" in text
    assert "装机容量" in text
    assert "千瓦" in text
    assert page.js("document.querySelector('.card').offsetWidth") >= 220
    page.js("document.getElementById('language').click()")
    text = page.js("document.querySelector('.leaflet-popup-content').innerText")
    assert "Dongzhuang" in text
    assert "东庄镇" not in text
    assert "Capacity" in text


def test_a_click_on_a_roof_tells_its_figures_and_outlines_it(page, small_run):
    page.click(*_first_roof(page))
    text = _popup(page)
    assert "高度" in text
    assert "装机容量" in text
    assert page.js("PlanMap.app.lifted !== null && PlanMap.app.map.hasLayer(PlanMap.app.lifted)")
    assert page.complaints() == []


def test_the_page_decodes_every_roof_as_it_was(page, small_run):
    roofs = small_run.layers["rooftops"].data
    found = page.js(
        f"(function(){{var r={LAYER}.set,o={{}};for(var i=0;i<r.n;i++){{o[r.columns.roof_id.at(i)[0]]="
        "[Packed.outline(r,i)[0].map(function(p){return [p[1],p[0]]}),r.columns.height_m.at(i),"
        "r.columns.pv_capacity_kw.at(i)]}return o})()"
    )
    shapes = roofs.to_crs("EPSG:4326").geometry
    kw = small_run.results["rooftop_pv"].features["rooftops"]["pv_capacity_kw"]
    assert len(found) == len(roofs)
    for i, name in enumerate(roofs["roof_id"]):
        corners, height, capacity = found[name]
        assert shapely.Polygon(corners).hausdorff_distance(shapes.iloc[i]) < 1.5e-6
        assert height == pytest.approx(roofs["height_m"].iloc[i])
        assert capacity == pytest.approx(kw.iloc[i], abs=0.051)


def _painted(browser, pane):
    """Whether any tile of a pane has colour on it."""
    browser.wait(READY)
    return browser.js(
        f"Array.from(PlanMap.app.map.getPane({pane!r}).querySelectorAll('canvas')).some(function(c){{return "
        "c.style.display!=='none'&&c.getContext('2d').getImageData(0,0,c.width,c.height).data.some(Boolean)})"
    )


def test_towns_then_squares_then_roofs_take_turns(page):
    legend = "document.querySelector('.legend:not([hidden])').innerText"
    page.js(f"{LAYER}.map.setView({LAYER}.at(0),10,{{animate:false}}); 0")
    assert not _painted(page, "data-rooftops")
    assert page.js("document.querySelector('path.town').getAttribute('fill-opacity')") == "0.8"
    page.js(f"{LAYER}.map.setView({LAYER}.at(0),12,{{animate:false}}); 0")
    assert _painted(page, "data-rooftops")
    assert page.js(f"{LAYER}.current().card.side_m") == 500
    assert "500 m 网格合计" in page.js(legend)
    assert page.js("document.querySelector('path.town').getAttribute('fill-opacity')") == "0"
    _first_roof(page)
    assert _painted(page, "data-rooftops")
    assert page.js(f"{LAYER}.current().main")
    assert "千瓦" in page.js(legend)


def test_a_click_on_a_square_tells_its_sum_and_its_count(page, small_run):
    total = page.js(
        f"(function(){{var p={LAYER}.parts[1].set,n=0,c=0;for(var i=0;i<p.n;i++){{"
        "n+=p.columns.pv_capacity_kw_sum.at(i);c+=p.columns.rows.at(i)}return [n,c]})()"
    )
    kw = small_run.results["rooftop_pv"].features["rooftops"]["pv_capacity_kw"]
    assert total == [pytest.approx(kw.sum(), rel=1e-3), len(kw)]
    page.js(f"{LAYER}.map.setView({LAYER}.at(0),13,{{animate:false}}); 0")
    page.wait(READY)
    page.click(*page.js("(function(){var s=PlanMap.app.map.getSize();return [s.x/2,s.y/2]})()"))
    text = _popup(page)
    assert "500 m 网格" in text
    assert "合计" in text
    assert "数量" in text


def test_the_shift_under_gcj_base_maps(page):
    """Published test point of the public algorithm: Beijing, 39.9042 N 116.4074 E moves 0.0014 N, 0.0062 E."""
    lat, lng = page.js("GcjTiles.toGcj(39.9042, 116.4074)")
    assert lat - 39.9042 == pytest.approx(0.0014, abs=0.0001)
    assert lng - 116.4074 == pytest.approx(0.0062, abs=0.0001)


def test_a_base_map_without_network_leaves_the_data_in_place(page):
    before = _at(page, 39.75, 116.8)
    page.js("PlanMap.app.useBase(1)")
    page.js("new Promise(function(r){setTimeout(r,200)})")
    assert _at(page, 39.75, 116.8) == before
    offset = page.js(
        "(function(){var m=PlanMap.app.map,t=PlanMap.app.bases[1][0],c=m.getCenter(),z=t._tileZoom,"
        "g=m.project(GcjTiles.toGcj(c.lat,c.lng),z),tile=g.divideBy(256).floor();tile.z=z;"
        "var drawn=t._getTilePos(tile).add(g.subtract(tile.multiplyBy(256))).add(t._level.origin),"
        "scale=m.getZoomScale(m.getZoom(),z);"
        "return drawn.multiplyBy(scale).distanceTo(m.project(c))})()"
    )
    assert offset < 1.5
    asked = page.requests()
    assert asked
    assert all(".is.autonavi.com/" in url for url in asked)


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844), (360, 740)])
def test_nothing_stands_on_top_of_anything_else(browser, small_run, spec, tmp_path, width, height):
    write_map(small_run, spec, tmp_path / "page.html")
    browser.open(tmp_path / "page.html", width, height, mobile=width < 600)
    overlaps = browser.js(
        "(function(){var a=['#head','#panel','#panel-toggle','.leaflet-control-zoom','.leaflet-control-scale',"
        "'#credit']"
        ".map(function(q){return document.querySelector(q).getBoundingClientRect()})"
        ".filter(function(r){return r.width});"
        "return a.some(function(x,i){return a.some(function(y,j){return i<j&&x.left<y.right&&y.left<x.right&&"
        "x.top<y.bottom&&y.top<x.bottom})})})()"
    )
    assert overlaps is False
    assert browser.js("document.documentElement.scrollWidth") <= width


def test_controls_can_be_reached_by_keyboard(page):
    names = page.js(
        "Array.from(document.querySelectorAll('button,input,summary,a[role=button]')).filter(function(e){"
        "return e.tabIndex<0||!(e.textContent.trim()||e.getAttribute('aria-label')||e.closest('label'))}).length"
    )
    assert names == 0
    order = (
        "Array.from(document.querySelectorAll('#language,#panel summary,.leaflet-control-zoom-in')).map(function(e){"
    )
    assert page.js(order + "return e.id||e.tagName||''})")[0] == "language"
    assert "leaflet-control-zoom-in" in page.js(order + "return e.className})")[-1]
    page.js("document.getElementById('language').focus()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
    assert page.js("document.documentElement.lang") == "en"


def _hostile(run, text):
    """Put `text` into every place that a workspace can name."""
    towns = run.layers["towns"].data.assign(name_zh=text + "镇", name_en=text + " Town")
    roofs = run.layers["rooftops"].data.assign(name=text, use=text)
    layers = {
        "towns": replace(run.layers["towns"], data=towns, source={"origin": text, "licence": text}),
        "rooftops": replace(run.layers["rooftops"], data=roofs, source={"origin": text}),
    }
    outputs = tuple(replace(o, label_zh=text, label_en=text, unit=text) for o in run.analyses["rooftop_pv"].outputs)
    analysis = replace(run.analyses["rooftop_pv"], title_zh=text, title_en=text + "!", outputs=outputs)
    result = replace(run.results["rooftop_pv"], by_town=run.results["rooftop_pv"].by_town.assign(town_name=text))
    frame = Frame("testland", text, text + "!", run.frame.crs, 8.0, 1, text, text + "!")
    columns = {k: {n: replace(c, title_zh=text, title_en=text) for n, c in v.items()} for k, v in run.columns.items()}
    titles = dict.fromkeys(run.titles, (text, text + "!"))
    return replace(
        run,
        frame=frame,
        layers=layers,
        titles=titles,
        columns=columns,
        analyses={"rooftop_pv": analysis},
        results={"rooftop_pv": result},
        key=text,
    )


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_in_a_hostile_workspace_stays_text_on_the_map(browser, small_run, spec, tmp_path, text):
    hostile = replace(spec, title_zh=text, title_en=text + "!", about_zh=text, about_en=text)
    write_map(_hostile(small_run, text), hostile, tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.wait(READY)
    read = "document.querySelector({!r}).textContent"
    assert browser.js("document.title") == text + text
    assert browser.js(read.format("#head h1 .zh")) == text
    assert browser.js(read.format(".label .zh")) == text + "镇"
    assert browser.js(read.format(".legend h2")) == text
    assert browser.js(read.format(".ranking .zh")) == text + "镇"
    assert browser.js("document.querySelectorAll('.source .zh')[0].textContent").count(text) == 3
    browser.click(*_at(browser, *browser.js("PlanMap.app.page.towns.features.features[0].properties.at")))
    _popup(browser)
    assert browser.js(read.format(".card h2 .zh")) == text + "镇"
    assert browser.js(read.format(".card dt")) == text
    browser.js("PlanMap.app.map.closePopup(); void 0")
    browser.wait("document.querySelector('.card') === null")
    browser.click(*_first_roof(browser))
    browser.wait("document.querySelectorAll('.card dd').length > 0")
    assert browser.js(read.format(".card h2")) == text
    assert browser.js(read.format(".card dd")) == text
    browser.js("document.getElementById('language').click()")
    assert browser.js("window.ran") is None
    assert browser.complaints() == []
    assert browser.requests() == []


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_in_a_hostile_workspace_stays_text_on_the_door(browser, small_run, tmp_path, text):
    name = "maps/" + text.replace("/", "") + ".html"
    write_index(_hostile(small_run, text), tmp_path, [Path(name)])
    browser.open(tmp_path / "index.html")
    assert browser.js("document.querySelector('h1 .zh').textContent") == text + "碳达峰空间分析"
    assert browser.js("document.querySelector('footer').textContent").endswith(text)
    assert text.replace("/", "") in browser.js("document.querySelector('.maps a').textContent")
    assert browser.js("window.ran") is None
    assert browser.complaints() == []
    assert browser.requests() == []


def test_the_door_sorts_by_exact_numbers_and_links_to_every_file(browser, small_run, tmp_path):
    files = ["maps/rooftop_pv.html", "gis/testland.gpkg", "tables/a b.csv"]
    write_index(small_run, tmp_path, [tmp_path / name for name in files])
    browser.open(tmp_path / "index.html")
    links = browser.js(
        "Array.from(document.querySelectorAll('main a:not(.jumps a)')).map(function(a){return a.getAttribute('href')})"
    )
    assert {"./maps/rooftop_pv.html", "./gis/testland.gpkg", "./tables/a%20b.csv"} == set(links)
    browser.js("document.querySelectorAll('table.sortable th button')[1].click()")
    values = browser.js(
        "Array.from(document.querySelector('table.sortable').tBodies[0].rows).map(function(r){"
        "return Number(r.cells[1].getAttribute('data-value'))})"
    )
    assert values == sorted(small_run.results["rooftop_pv"].by_town["roof_area_m2"].iloc[:4], reverse=True)
    assert browser.js("document.querySelector('table.sortable tfoot tr:last-child th').innerText") == "全区"
    assert browser.complaints() == []


def test_the_reader_narrows_the_roofs_and_only_those_left_are_found(browser, small_run, spec, tmp_path):
    layers = (replace(spec.layers[0], filters=("pv_capacity_kw", "use")),)
    write_map(small_run, replace(spec, layers=layers), tmp_path / "narrow.html")
    browser.open(tmp_path / "narrow.html")
    browser.wait(READY)
    values = small_run.results["rooftop_pv"].features["rooftops"]["pv_capacity_kw"]
    assert browser.js(f"{LAYER}.mask") is None
    slider = "document.querySelector('.filter input[type=range]')"
    browser.js(f"(function(){{var r={slider}; r.value=r.max; r.oninput(); return 0}})()")
    least = browser.js(f"{LAYER}.filter.least.pv_capacity_kw")
    assert browser.js(f"{LAYER}.left") == (values >= least).sum()
    assert 0 < browser.js(f"{LAYER}.left") < len(values)
    _first_roof(browser)
    kept = browser.js(f"{LAYER}.mask[0]")
    assert browser.js(f"({LAYER}.hit({LAYER}.at(0))||{{}}).row === 0") == bool(kept)
    browser.js(
        "(function(){document.querySelectorAll('.filter input[type=checkbox]').forEach(function(c){"
        "c.checked=false; c.onchange();}); return 0})()"
    )
    assert browser.js(f"{LAYER}.left") == 0
    assert browser.complaints() == []


def test_a_map_of_the_listed_roofs_alone_draws_them_large_enough_to_find(browser, small_run, spec, tmp_path):
    roofs = small_run.layers["rooftops"].data
    best = {"best": pd.DataFrame({"roof_id": roofs["roof_id"].iloc[:3]})}
    run = replace(small_run, results={"rooftop_pv": replace(small_run.results["rooftop_pv"], tables=best)})
    drawn = replace(spec.layers[0], only="best", min_zoom=9, grid_m=0.0)
    write_map(run, replace(spec, layers=(drawn,)), tmp_path / "best.html")
    browser.open(tmp_path / "best.html")
    browser.wait(READY)
    assert browser.js(f"{LAYER}.count") == 3
    assert browser.js(f"{LAYER}.parts[0].leaf.options.leastPx") == 7
    assert _painted(browser, "data-rooftops")
    with pytest.raises(SpecError, match="only = 'worst'"):
        write_map(run, replace(spec, layers=(replace(drawn, only="worst"),)), tmp_path / "worst.html")


RICH_TOML = """
title_zh = "图"
title_en = "Map"
analysis = "rooftop_pv"
[groups]
sites = ["站点", "Sites"]
[[layers]]
layer = "cover"
draw = "raster"
opacity = 0.6
[[layers]]
layer = "carbon_density"
draw = "raster"
show = false
[[layers]]
layer = "rooftops"
draw = "shapes"
name = "uses"
column = "use"
colours = { housing = "#88aacc", industrial = "#cc6644" }
show = false
[[layers]]
layer = "sites"
draw = "points"
group = "sites"
column = "kind"
colours = { fast = "#117733", slow = "#ddcc77" }
popup = ["kind", "ports"]
size = "ports"
time = "ports"
search = ["name"]
"""
APP = "PlanMap.app"


@pytest.fixture
def rich_page(browser, rich_run, tmp_path):
    (tmp_path / "rich.toml").write_text(RICH_TOML, encoding="utf-8")
    write_map(rich_run, read_mapspec(tmp_path / "rich.toml"), tmp_path / "rich.html")
    browser.open(tmp_path / "rich.html")
    browser.wait(READY)
    return browser


def test_points_shapes_and_rasters_stand_in_one_tree_with_groups(rich_page):
    legends = "Array.from(document.querySelectorAll('.group legend .zh')).map(function(n){return n.textContent})"
    assert rich_page.js(legends) == ["站点", "底图与界线"]
    shown = f"Object.keys({APP}.layers).filter(function(n){{return {APP}.layers[n].isDrawn()}})"
    assert set(rich_page.js(shown)) == {"towns", "outline", "labels", "cover", "sites"}
    assert rich_page.js("document.querySelectorAll('.legend:not([hidden])').length") == 2
    rich_page.js(
        "Array.from(document.querySelectorAll('.layer input[type=checkbox]')).forEach(function(c){c.click()}); 0"
    )
    assert set(rich_page.js(shown)) == {"carbon_density", "uses"}
    assert rich_page.complaints() == []


def test_opacity_of_a_layer_reaches_its_picture_and_its_legend(rich_page):
    rich_page.js(f"{APP}.layers.cover.opacity(0.3); 0")
    assert rich_page.js(f"{APP}.layers.cover.pane.style.opacity") == "0.3"
    assert rich_page.js(f"{APP}.layers.cover.legend.querySelector('i').style.opacity") == "0.3"


def test_a_raster_tells_what_lies_under_the_pointer(rich_page, rich_run):
    cells = rich_run.results["rooftop_pv"].rasters["carbon_density"].data
    place = gpd.GeoSeries.from_xy([485_050.0], [4_405_050.0], crs=rich_run.frame.crs).to_crs("EPSG:4326").iloc[0]
    at = f"L.latLng({place.y},{place.x})"
    expected = float(cells.sel(x=485_050.0, y=4_405_050.0, method="nearest"))
    assert rich_page.js(f"{APP}.layers.carbon_density.values.at({at})") == pytest.approx(expected, abs=2)
    assert rich_page.js(f"{APP}.layers.cover.hit({at}).text[0]") in ("耕地", "建设用地")


def test_a_site_is_found_opened_and_narrowed(rich_page, hostile):
    sites = f"{APP}.layers.sites"
    assert rich_page.js(f"{sites}.count") == 3
    row = f"[0,1,2].filter(function(r){{return {sites}.label(r)[0]==='充电站甲'}})[0]"
    rich_page.js(f"{sites}.open({row}); 0")
    text = _popup(rich_page)
    assert "充电站甲" in text
    assert "快充" in text
    assert [one["value"] for one in rich_page.js(f"{sites}.card.time.values")] == [4, 8, 12]
    rich_page.js(f"{sites}.narrow('time',function(r){{return {sites}.columns.ports.at(r)>=8}}); 0")
    assert rich_page.js(f"{sites}.left") == 2
    assert rich_page.js(f"{sites}.hit({sites}.at({row}))") is None
    rich_page.js(f"{sites}.narrow('time',null); 0")
    assert rich_page.js(f"{sites}.hit({sites}.at({row})).row") == rich_page.js(row)
    assert rich_page.js("window.ran") is None


def test_further_controls_are_called_with_the_app_and_hear_of_changes(browser, small_run, spec, tmp_path, monkeypatch):
    control = "PlanMap.controls.push(function(app){window.heard=[];app.add(['检索','Search'],true).id='mine';"
    control += "app.changed(function(what){window.heard.push(what)})});"
    monkeypatch.setattr(webmap, "asset", lambda name, read=webmap.asset: read(name) + control * (name == "map.js"))
    write_map(small_run, spec, tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.wait(READY)
    assert browser.js("document.querySelector('#panel #mine summary .zh').textContent") == "检索"
    browser.js("document.getElementById('language').click()")
    browser.js(f"{LAYER}.show(false); 0")
    assert {"language", "layers"} <= set(browser.js("window.heard"))


def test_a_page_for_the_public_holds_squares_and_no_roof(browser, small_run, spec, tmp_path):
    public = replace(spec, use="public", map_approval_number="京S(2024)000号", boundary_source="测绘部门")
    write_map(small_run, public, tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.wait(READY)
    assert browser.js(f"{LAYER}.count") == 0
    browser.js("PlanMap.app.map.setView(PlanMap.app.map.getCenter(),18,{animate:false}); 0")
    browser.wait(READY)
    assert browser.js(f"{LAYER}.current().card.side_m") == 500
    assert "审图号：京S(2024)000号" in browser.js("document.getElementById('credit').innerText")
    assert browser.js("document.querySelector('.leaflet-control-attribution').textContent") == ""
    assert browser.complaints() == []
