"""What a map page shows: ``maps/<name>.toml``, parsed strictly. The entries are told in ``docs/maps.md``."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from changping_geo.layers.spec import NAME, read_toml
from changping_geo.model import SpecError
from changping_geo.present.map_words import (
    BASE_MAPS,
    DRAWS,
    GROUND,
    MEANS,
    USES,
    faults_of_layer,
    faults_of_page,
    one_of,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BASE_MAPS", "DRAWS", "Coloured", "Drawn", "MapSpec", "Towns", "read_mapspec", "shown_column"]

_KIND_OF: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "tuple[str, ...]": (list,),
    "dict[str, str]": (dict,),
}
_KIND_WORD = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "tuple[str, ...]": "a list of words",
    "dict[str, str]": "a table of texts",
}
_T = TypeVar("_T", "Towns", "Drawn", "MapSpec")


@dataclass(frozen=True, slots=True)
class Coloured:
    """How a column becomes colours: what a page, a GIS project and a print have in common.

    Attributes
    ----------
    column : str
        What is coloured.
    layer : str
        The layer that carries the shapes.
    palette, kind : str
        Of `changping_geo.present.classes`.
    classes : int
        Classes of the legend. [classes]
    """

    column: str
    layer: str = "towns"
    palette: str = "amber"
    kind: str = "quantile-rounded"
    classes: int = 6


@dataclass(frozen=True, slots=True)
class Towns:
    """The towns, coloured by an output of an analysis.

    Attributes
    ----------
    column : str
        What is coloured: an output.
    palette, kind : str
        Of `changping_geo.present.classes`.
    classes : int
        Classes of the legend. [classes]
    popup : tuple of str
        Outputs of the pop-up, in order.
    opacity : float
        How far the colours cover what is below. [1]
    """

    column: str
    palette: str = "amber"
    kind: str = "quantile-rounded"
    classes: int = 6
    popup: tuple[str, ...] = ()
    opacity: float = 0.8


@dataclass(frozen=True, slots=True)
class Drawn:
    """A data layer of a page.

    Attributes
    ----------
    layer : str
        A layer of the workspace, or a layer or raster that an analysis made.
    draw : str
        ``packed`` (many shapes on canvas tiles), ``shapes``, ``points`` or ``raster``.
    name, group : str
        Its name on the page, the layer's name when it is left out; a group of the layer tree.
    label_zh, label_en : str
        Its title; the layer's title when it is left out.
    column, palette, kind, classes : str and int
        What is coloured by classes, and how.
    colours : dict of str to str
        For a column of words, or a raster of classes: ``#rrggbb`` per word.
    colour : str
        One colour for all.
    popup, filters, search : tuple of str
        Columns of the pop-up, of the filter, and those that a search may look into.
    title : str
        The column that heads the pop-up; a name or the key when it is left out.
    time, size : str
        A column of years, phases or months; a column that a point's area grows with.
    only : str
        A table of the analysis whose rows alone are shown, drawn large enough to be found.
    when : tuple of str
        Analyses whose results it shows, and without which it is left out.
    optional : bool
        Whether it is left out when nobody has delivered or made the layer.
    radius_px, width_px, least_px, opacity : float
        Radius of points, width of lines, least width of packed shapes (0 leaves it to the page) [px]; at start [1].
    min_zoom, max_zoom, show : int and bool
        Zooms between which it is drawn, and whether it is shown at start.
    grid_m : float
        Side of the squares that stand for the shapes below `min_zoom`; 0 for none. [m]
    grid_zoom : int
        The zoom from which the squares are drawn.
    grid_column, grid : str
        What is counted in the squares (`column` when it is left out), and ``sum`` or ``mean`` (sum for what adds up).
    """

    layer: str
    draw: str
    name: str = ""
    label_zh: str = ""
    label_en: str = ""
    group: str = ""
    column: str = ""
    palette: str = "amber"
    kind: str = "quantile-rounded"
    classes: int = 6
    colours: dict[str, str] = field(default_factory=dict)
    colour: str = ""
    popup: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    title: str = ""
    time: str = ""
    size: str = ""
    only: str = ""
    when: tuple[str, ...] = ()
    optional: bool = False
    radius_px: float = 6.0
    width_px: float = 2.0
    least_px: float = 0.0
    opacity: float = 1.0
    min_zoom: int = 0
    max_zoom: int = 22
    show: bool = True
    grid_m: float = 0.0
    grid_zoom: int = 12
    grid_column: str = ""
    grid: str = ""

    @property
    def key(self) -> str:
        """The layer's name on the page."""
        return self.name or self.layer

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is named, once."""
        single = (self.column, self.title, self.time, self.size, self.grid_column)
        return tuple(dict.fromkeys(c for c in (*single, *self.popup, *self.filters, *self.search) if c))


@dataclass(frozen=True, slots=True)
class MapSpec:
    """A map page.

    Attributes
    ----------
    name : str
        The file's stem.
    title_zh, title_en, about_zh, about_en : str
        Headings, and one sentence below them.
    analysis : str
        The analysis whose results are shown.
    needs : tuple of str
        Further analyses whose results are shown; without them there is no page.
    towns : Towns, optional
        The towns, coloured by one of its outputs.
    layers : tuple of Drawn
        Data layers from the bottom up.
    groups : dict of str to tuple of str
        Groups of the layer tree: Chinese and English title.
    headline : tuple of str
        Outputs whose district totals stand under the title.
    ground : tuple of str
        Layers of the page's own base map.
    base_maps : tuple of str
        Base maps offered, the first one at start.
    language : str
        ``zh`` or ``en``: the language at start.
    use : str
        ``internal`` or ``public``: the public page shows aggregates only.
    map_approval_number, boundary_source : str
        What a public page must carry (审图号, 边界来源), when the workspace's frame does not say it.
    file : str
        The TOML, for messages.
    """

    name: str
    title_zh: str
    title_en: str
    analysis: str
    towns: Towns | None = None
    layers: tuple[Drawn, ...] = ()
    groups: dict[str, tuple[str, str]] = field(default_factory=dict)
    about_zh: str = ""
    about_en: str = ""
    needs: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    ground: tuple[str, ...] = GROUND
    base_maps: tuple[str, ...] = BASE_MAPS
    language: str = "zh"
    use: str = "internal"
    map_approval_number: str = ""
    boundary_source: str = ""
    file: str = field(default="", compare=False)

    @property
    def analyses(self) -> tuple[str, ...]:
        """Every analysis that the page shows, the main one first."""
        return (self.analysis, *self.needs)


def shown_column(spec: MapSpec, layer: str) -> Coloured | None:
    """Return by which column of numbers a page colours a layer, and how; None if it does not."""
    if layer == "towns" and spec.towns is not None:
        card = spec.towns
        return Coloured(card.column, layer, card.palette, card.kind, card.classes)
    for drawn in spec.layers:
        if drawn.layer == layer and drawn.column and not drawn.colours and not drawn.colour:
            return Coloured(drawn.column, layer, drawn.palette, drawn.kind, drawn.classes)
    return None


def read_mapspec(path: Path) -> MapSpec:
    """Read ``maps/<name>.toml``.

    Raises
    ------
    SpecError
        For TOML that does not parse, unknown or missing entries and words outside their lists; all faults at once.
    """
    raw = read_toml(path)
    faults: list[str] = []
    if not NAME.fullmatch(path.stem):
        faults.append(f"a map's name has lower-case letters, digits and underscores only, not {path.stem!r}")
    towns = raw.pop("towns", None)
    if towns is not None and not isinstance(towns, dict):
        faults.append("'towns' must be a table [towns]")
        towns = None
    tables = raw.pop("layers", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        faults.append("'layers' must be tables [[layers]]")
        tables = []
    drawn = [_read(Drawn, table, f"[[layers]] {n}", faults) for n, table in enumerate(tables, 1)]
    given = {
        "name": path.stem,
        "file": str(path),
        "towns": None if towns is None else _read(Towns, towns, "[towns]", faults),
        "layers": tuple(d for d in drawn if d is not None),
        "groups": _groups(raw.pop("groups", {}), faults),
    }
    spec = _read(MapSpec, raw, "the map", faults, given=given)
    if spec is not None:
        _check(spec, faults, whole=len(drawn) == len(spec.layers))
    if faults or spec is None:
        raise SpecError(f"{path}:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return spec


def _groups(raw: Any, faults: list[str]) -> dict[str, tuple[str, str]]:
    if not isinstance(raw, dict):
        faults.append("'groups' must be a table [groups]")
        return {}
    groups: dict[str, tuple[str, str]] = {}
    for name, pair in raw.items():
        match pair:
            case [str(zh), str(en)]:
                groups[name] = (zh, en)
            case _:
                faults.append(f"[groups]: {name} must be a Chinese and an English title, not {pair!r}")
    return groups


def _check(spec: MapSpec, faults: list[str], *, whole: bool) -> None:
    one_of(spec.use, USES, "use", faults)
    faults += faults_of_page(spec)
    keys: set[str] = set()
    for number, drawn in enumerate(spec.layers, 1):
        where = f"[[layers]] {number} ({drawn.key})"
        faults += faults_of_layer(drawn, where)
        one_of(drawn.grid, ("", *MEANS), f"{where}: grid", faults)
        if drawn.key in keys or drawn.key in {"towns", "labels", "outline"} - (
            {"towns"} if spec.towns is None else set()
        ):
            faults.append(f"{where}: the name {drawn.key!r} is taken; give the layer a name of its own")
        keys.add(drawn.key)
        if drawn.group and drawn.group not in spec.groups:
            faults.append(f"{where}: group {drawn.group!r} is not in [groups]; there are: {', '.join(spec.groups)}")
    if whole and spec.towns is None and not spec.layers:
        faults.append("the map shows nothing: give it [towns] or [[layers]]")


def _read(
    cls: type[_T], raw: dict[str, Any], what: str, faults: list[str], *, given: dict[str, Any] | None = None
) -> _T | None:
    """Build `cls` from a table; on faults, add them and return None."""
    given = given or {}
    cards = {f.name: f for f in fields(cls) if f.name not in given}
    before = len(faults)
    for key, value in raw.items():
        if key not in cards:
            faults.append(f"{what} has the unknown entry {key!r}; known are: {', '.join(cards)}")
        elif not _is_a(value, str(cards[key].type)):
            faults.append(f"{what}: {key} must be {_KIND_WORD[str(cards[key].type)]}, not {value!r}")
    needed = [n for n, card in cards.items() if card.default is MISSING and card.default_factory is MISSING]
    faults.extend(f"{what} lacks {key!r}" for key in needed if key not in raw)
    if len(faults) > before:
        return None
    checked: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return cls(**given, **checked)


def _is_a(value: Any, kind: str) -> bool:
    if not isinstance(value, _KIND_OF[kind]) or (isinstance(value, bool) and kind != "bool"):
        return False
    parts = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return all(isinstance(part, str) for part in parts)
