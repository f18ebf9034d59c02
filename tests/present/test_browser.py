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

import pandas as pd
import pytest
import shapely

from changping_geo.model import Frame, SpecError
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
[roofs]
layer = "rooftops"
column = "pv_capacity_kw"
classes = 5
popup = ["use", "height_m", "pv_capacity_kw"]
"""
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
    return browser


def _at(browser, lat, lng):
    return browser.js(f"(function(){{var p=PlanMap.app.map.latLngToContainerPoint([{lat},{lng}]);return [p.x,p.y]}})()")


def _first_roof(browser, zoom=18):
    """Zoom to a roof and return a point on it."""
    browser.js(
        "(function(){var r=PlanMap.app.roofs,b=r.boxes;PlanMap.app.map.setView([(b[1]+b[3])/2e6,(b[0]+b[2])/2e6],"
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
        "(function(){var r=PlanMap.app.roofs,o={};for(var i=0;i<r.n;i++){o[r.columns.roof_id.at(i)[0]]="
        "[PackedRoofs.outline(r,i)[0].map(function(p){return [p[1],p[0]]}),r.columns.height_m.at(i),"
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


def test_roofs_are_painted_at_street_zoom_and_not_before(page):
    assert page.js("document.querySelectorAll('canvas.roof-tile').length") == 0
    _first_roof(page)
    page.wait("document.querySelectorAll('canvas.roof-tile').length > 0")
    painted = page.js(
        "Array.from(document.querySelectorAll('canvas.roof-tile')).some(function(c){return "
        "c.getContext('2d').getImageData(0,0,c.width,c.height).data.some(function(v){return v})})"
    )
    assert painted


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


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_nothing_stands_on_top_of_anything_else(browser, small_run, spec, tmp_path, width, height):
    write_map(small_run, spec, tmp_path / "page.html")
    browser.open(tmp_path / "page.html", width, height, mobile=width < 600)
    overlaps = browser.js(
        "(function(){var a=['#head','#panel','#panel-toggle','.leaflet-control-zoom','.leaflet-control-scale']"
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
    links = browser.js("Array.from(document.querySelectorAll('a')).map(function(a){return a.getAttribute('href')})")
    assert {"./maps/rooftop_pv.html", "./gis/testland.gpkg", "./tables/a%20b.csv"} == set(links)
    browser.js("document.querySelectorAll('table.sortable th button')[1].click()")
    values = browser.js(
        "Array.from(document.querySelectorAll('table.sortable tbody tr')).map(function(r){"
        "return Number(r.cells[1].getAttribute('data-value'))})"
    )
    assert values == sorted(small_run.results["rooftop_pv"].by_town["roof_area_m2"].iloc[:4], reverse=True)
    assert browser.js("document.querySelector('table.sortable tfoot tr:last-child td').innerText") == "全区"
    assert browser.complaints() == []


def test_the_reader_narrows_the_roofs_and_only_those_left_are_found(browser, small_run, tmp_path):
    spec = tmp_path / "narrow.toml"
    spec.write_text(
        'title_zh = "窄"\ntitle_en = "Narrow"\nanalysis = "rooftop_pv"\n[towns]\ncolumn = "pv_capacity_kw"\n'
        '[roofs]\nlayer = "rooftops"\ncolumn = "pv_capacity_kw"\nfilters = ["pv_capacity_kw", "use"]\n',
        encoding="utf-8",
    )
    write_map(small_run, read_mapspec(spec), tmp_path / "narrow.html")
    browser.open(tmp_path / "narrow.html")
    browser.wait("window.PlanMap && PlanMap.app && PlanMap.app.filter")
    values = small_run.results["rooftop_pv"].features["rooftops"]["pv_capacity_kw"]
    left = "PlanMap.app.filter.mask.reduce(function (a, b) { return a + b; }, 0)"
    assert browser.js(left) == len(values)
    slider = "document.querySelector('.filter input[type=range]')"
    browser.js(f"(function(){{var r={slider}; r.value=r.max; r.oninput(); return 0}})()")
    least = browser.js("PlanMap.app.filter.least.pv_capacity_kw")
    assert browser.js(left) == (values >= least).sum()
    assert 0 < browser.js(left) < len(values)
    x, y = _first_roof(browser)
    kept = browser.js("PlanMap.app.filter.mask[0]")
    at = f"PlanMap.app.roofAt(PlanMap.app.map.containerPointToLatLng([{x},{y}]))"
    assert (browser.js(at) == 0) == bool(kept)
    browser.js(
        "(function(){document.querySelectorAll('.filter input[type=checkbox]').forEach(function(c){"
        "c.checked=false; c.onchange();}); return 0})()"
    )
    assert browser.js(left) == 0
    assert browser.complaints() == []


def test_a_map_of_the_listed_roofs_alone_draws_them_large_enough_to_find(browser, small_run, tmp_path):
    roofs = small_run.layers["rooftops"].data
    run = replace(
        small_run,
        results={
            "rooftop_pv": replace(
                small_run.results["rooftop_pv"], tables={"best": pd.DataFrame({"roof_id": roofs["roof_id"].iloc[:3]})}
            )
        },
    )
    spec = tmp_path / "best.toml"
    spec.write_text(
        'title_zh = "优"\ntitle_en = "Best"\nanalysis = "rooftop_pv"\n[towns]\ncolumn = "pv_capacity_kw"\n'
        '[roofs]\nlayer = "rooftops"\ncolumn = "pv_capacity_kw"\nonly = "best"\nmin_zoom = 9\n',
        encoding="utf-8",
    )
    write_map(run, read_mapspec(spec), tmp_path / "best.html")
    browser.open(tmp_path / "best.html")
    browser.wait("window.PlanMap && PlanMap.app && PlanMap.app.roofs")
    assert browser.js("PlanMap.app.roofs.n") == 3
    assert browser.js("PlanMap.app.layers.roofs.options.leastPx") == 7
    spec.write_text(spec.read_text(encoding="utf-8").replace('"best"\n', '"worst"\n'), encoding="utf-8")
    with pytest.raises(SpecError, match="only = 'worst'"):
        write_map(run, read_mapspec(spec), tmp_path / "worst.html")
