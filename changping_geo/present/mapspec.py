"""What a map page shows: ``maps/<name>.toml``, parsed strictly."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from changping_geo.layers.spec import NAME, read_toml
from changping_geo.model import SpecError
from changping_geo.present.classes import KINDS, PALETTES

if TYPE_CHECKING:
    from pathlib import Path

BASE_MAPS = ("plain", "tianditu", "amap", "osm")
LANGUAGES = ("zh", "en")
LAYERS = ("outline", "towns", "labels", "roofs")
_KIND_OF = {"str": str, "int": int, "tuple[str, ...]": list}
_KIND_WORD = {str: "text", int: "a whole number", list: "a list of words"}
_T = TypeVar("_T", "Coloured", "MapSpec")


@dataclass(frozen=True, slots=True)
class Coloured:
    """A layer coloured by one column.

    Attributes
    ----------
    column : str
        What is coloured: an output of the analysis.
    layer : str
        The layer that carries the shapes.
    palette, kind : str
        Of `changping_geo.present.classes`.
    classes : int
        Classes of the legend. [classes]
    popup : tuple of str
        Columns of the pop-up, in order; the layer's own or the analysis's.
    min_zoom : int
        The zoom from which the layer is drawn.
    filters : tuple of str
        Columns that the reader can narrow the buildings by: a least value for numbers, a choice for words.
    only : str
        A table of the analysis whose buildings alone are shown, drawn large enough to be found; empty for all.
    """

    column: str
    layer: str = "towns"
    palette: str = "amber"
    kind: str = "quantile-rounded"
    classes: int = 6
    popup: tuple[str, ...] = ()
    min_zoom: int = 14
    filters: tuple[str, ...] = ()
    only: str = ""


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
    towns : Coloured
        The towns, coloured by one of its outputs.
    roofs : Coloured, optional
        Buildings, drawn from ``min_zoom`` up.
    headline : tuple of str
        Outputs whose district totals stand under the title.
    order : tuple of str
        Layers in the list, from the bottom up; those left out are not shown.
    base_maps : tuple of str
        Base maps offered, the first one at start.
    language : str
        ``zh`` or ``en``: the language at start.
    file : str
        The TOML, for messages.
    """

    name: str
    title_zh: str
    title_en: str
    analysis: str
    towns: Coloured
    roofs: Coloured | None = None
    about_zh: str = ""
    about_en: str = ""
    headline: tuple[str, ...] = ()
    order: tuple[str, ...] = LAYERS
    base_maps: tuple[str, ...] = BASE_MAPS
    language: str = "zh"
    file: str = field(default="", compare=False)


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
    tables: dict[str, Coloured | None] = {}
    for key in ("towns", "roofs"):
        value = raw.pop(key, None)
        if value is not None and not isinstance(value, dict):
            faults.append(f"{key!r} must be a table [{key}]")
            value = {}
        tables[key] = None if value is None else _read(Coloured, value, f"[{key}]", faults)
    if tables["towns"] is None:
        faults.append("the map lacks the table [towns]")
    given = {"name": path.stem, "file": str(path), **tables}
    spec = _read(MapSpec, raw, "the map", faults, given=given)
    if spec is not None:
        _words(spec, faults)
    for key, layer in tables.items():
        if layer is not None:
            _one_of((layer.palette,), tuple(PALETTES), f"[{key}]: palette", faults)
            _one_of((layer.kind,), KINDS, f"[{key}]: kind", faults)
            if not 1 <= layer.classes <= 9:  # noqa: PLR2004 - more cannot be told apart
                faults.append(f"[{key}]: classes = {layer.classes}; use 1 to 9")
    if faults or spec is None:
        raise SpecError(f"{path}:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return spec


def _words(spec: MapSpec, faults: list[str]) -> None:
    _one_of(spec.order, LAYERS, "order", faults)
    _one_of(spec.base_maps, BASE_MAPS, "base_maps", faults)
    _one_of((spec.language,), LANGUAGES, "language", faults)
    if not spec.base_maps:
        faults.append("base_maps is empty; 'plain' needs no network")


def _one_of(words: tuple[str, ...], known: tuple[str, ...], what: str, faults: list[str]) -> None:
    faults.extend(f"{what}: {word!r} is unknown; use: {', '.join(known)}" for word in words if word not in known)


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
            continue
        wanted = _KIND_OF[str(cards[key].type)]
        good = isinstance(value, wanted) and not isinstance(value, bool)
        if not good or (wanted is list and not all(isinstance(word, str) for word in value)):
            faults.append(f"{what}: {key} must be {_KIND_WORD[wanted]}, not {value!r}")
    needed = [name for name, card in cards.items() if card.default is MISSING]
    faults.extend(f"{what} lacks {key!r}" for key in needed if key not in raw)
    if len(faults) > before:
        return None
    checked: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return cls(**given, **checked)
