"""One file, no network: the outside links of a Folium page become the files of installed packages."""

from __future__ import annotations

import base64
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from branca.element import CssLink, Element, Figure, JavascriptLink
from xstatic.pkg import jquery, leaflet

from changping_geo.model import SpecError

if TYPE_CHECKING:
    import folium

# Folium's name of a link, and the file of an installed package that takes its place.
_INSTALLED = {
    "leaflet": Path(leaflet.BASE_DIR) / "leaflet.js",
    "leaflet_css": Path(leaflet.BASE_DIR) / "leaflet.css",
    "jquery": Path(jquery.BASE_DIR) / "jquery.min.js",
}
# Looks only; no package brings them, and no page of ours uses them.
_DROPPED = frozenset(
    {
        "bootstrap",
        "bootstrap_css",
        "glyphicons_css",
        "awesome_markers",
        "awesome_markers_css",
        "awesome_markers_font_css",
        "awesome_rotate_css",
    }
)
_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)([^'\")]+)['\"]?\s*\)")
_SOURCE_MAP = re.compile(r"(?m)^\s*(?://|/\*)[#@]\s*sourceMappingURL=.*$")
_MIME = {".png": "image/png", ".gif": "image/gif", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class Verbatim(Element):
    """A piece of a page that is written as it is; unlike other elements it is never compiled as a template."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._name = "Verbatim"
        self.html = html

    def render(self, **_kwargs: object) -> str:
        """Return the piece."""
        return self.html


def take_offline(page: folium.Map) -> Figure:
    """Put the files of installed packages in the place of every outside link of a page.

    Parameters
    ----------
    page : folium.Map
        A page with all its layers.

    Returns
    -------
    Figure
        The page's figure, ready for `page_html`.

    Raises
    ------
    SpecError
        If the page needs a script or style that no installed package brings.
    """
    figure = page.get_root()
    if not isinstance(figure, Figure):
        raise SpecError("the page is not in a figure")
    for child in list(figure._children.values()):  # noqa: SLF001 - branca has no public way through its tree
        child.render()
    links = figure.header._children  # noqa: SLF001 - as above
    uses_jquery = re.search(r"\$\(|jQuery", figure.script.render()) is not None
    missing = []
    for name, element in list(links.items()):
        if not isinstance(element, JavascriptLink | CssLink):
            continue
        if name in _DROPPED or (name == "jquery" and not uses_jquery):
            del links[name]
        elif name in _INSTALLED:
            links[name] = Verbatim(script(name) if isinstance(element, JavascriptLink) else style(name))
        else:
            missing.append(f"{name} ({element.url})")
    if missing:
        raise SpecError("no installed package brings what this page links to: " + ", ".join(missing))
    return figure


def page_html(figure: Figure) -> str:
    """Write a figure whose layers were rendered by `take_offline`."""
    html: str = figure._template.render(this=figure, kwargs={})  # noqa: SLF001 - Figure.render would add the links again
    return html


def script(name: str) -> str:
    """Return an installed script as a ``<script>`` element."""
    return script_element(_INSTALLED[name].read_text(encoding="utf-8"))


def style(name: str) -> str:
    """Return an installed style sheet as a ``<style>`` element, its images inside."""
    path = _INSTALLED[name]
    return style_element(_URL.sub(lambda m: f"url({data_uri(path.parent / m[1])})", path.read_text(encoding="utf-8")))


def asset(name: str) -> str:
    """Return the text of one of the package's own scripts or style sheets."""
    return files("changping_geo.present").joinpath("assets", name).read_text(encoding="utf-8")


def script_element(code: str) -> str:
    """Wrap JavaScript so that nothing in it can close the element."""
    code = _SOURCE_MAP.sub("", code).replace("</script", r"<\/script").replace("<!--", r"<\!--")
    return f"<script>{code}</script>"


def style_element(css: str) -> str:
    """Wrap a style sheet so that nothing in it can close the element."""
    css = _SOURCE_MAP.sub("", css).replace("</style", r"<\/style")
    return f"<style>{css}</style>"


def data_uri(path: Path) -> str:
    """Return a small file as a ``data:`` address."""
    return f"data:{_MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def marker_icons() -> str:
    """Return the script that gives Leaflet's default marker its images from inside the page."""
    images = Path(leaflet.BASE_DIR) / "images"
    return script_element(
        "L.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({"
        f"iconUrl:'{data_uri(images / 'marker-icon.png')}',"
        f"iconRetinaUrl:'{data_uri(images / 'marker-icon-2x.png')}',"
        f"shadowUrl:'{data_uri(images / 'marker-shadow.png')}'}});"
    )


def security_policy(image_hosts: tuple[str, ...] = ()) -> str:
    """Return the Content-Security-Policy element: own scripts and styles, images from `image_hosts` only."""
    hosts = " ".join(("data:", "blob:", *image_hosts))
    rules = (
        f"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src {hosts}; "
        "base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
