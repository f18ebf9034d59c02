"""What a run hands to GIS software, and the list of it: ``gis/layers.json``.

The list names every layer and raster with headings, units, formulas, words, classes, colours and data status. With it
and the GeoPackage beside it a hand-off in another format is made later, without a new computation.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyogrio
import pyogrio.errors

from changping_geo.layers.drivers import check_content, lock_drivers
from changping_geo.model import AnalysisError, ResultError, Status
from changping_geo.present.cog import read_cog
from changping_geo.present.gislayers import GisLayer, gis_layers
from changping_geo.present.gisrasters import GisRaster, gis_rasters
from changping_geo.present.headings import Heading
from changping_geo.present.style import Rule, Style
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

LIST = "layers.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Bundle:
    """The layers and rasters of a run.

    Attributes
    ----------
    name : str
        ASCII name; files that hold everything are called after it.
    about : dict of str to str
        Data status, content key, district and plan.
    sources : tuple of str
        One line per layer: its title, where it came from, its status.
    layers : tuple of GisLayer
        Vector layers.
    rasters : tuple of GisRaster
        Rasters.
    """

    name: str
    about: dict[str, str]
    sources: tuple[str, ...]
    layers: tuple[GisLayer, ...]
    rasters: tuple[GisRaster, ...]

    @property
    def status(self) -> Status:
        """The weakest status of all."""
        return Status.parse(self.about["data_status"])


def bundle_of(run: Run, specs: Sequence[MapSpec] = ()) -> Bundle:
    """Return what a finished run hands over.

    Parameters
    ----------
    run : Run
        The run.
    specs : sequence of MapSpec
        The pages of the workspace, for the same columns, classes and colours.
    """
    sources = []
    for name, layer in run.layers.items():
        told = (layer.source.get(key, "") for key in ("origin", "path", "provider"))
        place = next((text for text in told if text), "")
        title = run.titles.get(name, (name, name))[0]
        sources.append(writable(f"{title}：{place}（{layer.status.label_zh}）"))
    layers, rasters = tuple(gis_layers(run, specs)), tuple(gis_rasters(run))
    return Bundle(run.frame.name, about(run, run.status), tuple(sources), layers, rasters)


def about(run: Run, status: Status) -> dict[str, str]:
    """Return data status, content key, district and plan, for a file's metadata."""
    frame = run.frame
    told = {
        "data_status": status.word,
        "key": run.key,
        "district_zh": frame.title_zh,
        "district_en": frame.title_en,
        "plan_zh": frame.plan_zh,
        "plan_en": frame.plan_en,
    }
    return {key: writable(value) for key, value in told.items() if value}


def write_list(bundle: Bundle, path: Path) -> None:
    """Write the list of what a bundle holds."""
    told = {
        "version": VERSION,
        "name": bundle.name,
        "about": bundle.about,
        "sources": bundle.sources,
        "layers": [_layer_card(layer) for layer in bundle.layers],
        "rasters": [_raster_card(raster) for raster in bundle.rasters],
    }
    text = json.dumps(_finite(told), ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_bundle(folder: Path, names: Sequence[str] = (), *, rasters: bool = False) -> Bundle:
    """Read layers, or rasters, of a published run folder.

    Parameters
    ----------
    folder : Path
        The run folder.
    names : sequence of str
        Which ones; nothing means all.
    rasters : bool
        Whether rasters are asked for.

    Raises
    ------
    ResultError
        If the folder holds no list, or files that the list names are missing or damaged.
    AnalysisError
        For names that it does not have.
    """
    path = folder / "gis" / LIST
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cards = {card["name"]: card for card in told["rasters" if rasters else "layers"]}
        unknown = [name for name in names if name not in cards]
        if unknown:
            raise AnalysisError(_unknown(folder, unknown, told, rasters=rasters))
        chosen = [cards[name] for name in (names or cards)]
        if rasters:
            found = tuple(_read_raster(folder / "gis", card) for card in chosen)
            return Bundle(told["name"], told["about"], tuple(told["sources"]), (), found)
        lock_drivers()
        package = folder / "gis" / f"{told['name']}.gpkg"
        check_content(package, "gpkg")
        layers = tuple(_read_layer(package, card) for card in chosen)
    except FileNotFoundError as error:
        raise ResultError(f"{folder} lacks {error.filename}; remove the folder and run again") from error
    except (OSError, ValueError, KeyError, TypeError, pyogrio.errors.DataSourceError) as error:
        raise ResultError(f"{path} or what it lists is damaged ({error}); remove {folder} and run again") from error
    return Bundle(told["name"], told["about"], tuple(told["sources"]), layers, ())


def _unknown(folder: Path, names: Sequence[str], told: dict[str, Any], *, rasters: bool) -> str:
    kind, other = ("raster", "layers") if rasters else ("layer", "rasters")
    known = ", ".join(card["name"] for card in told["rasters" if rasters else "layers"]) or "none"
    others = [name for name in names if name in {card["name"] for card in told[other]}]
    hint = f" ({', '.join(others)} is a {'layer' if rasters else 'raster'}: take another --format)" if others else ""
    return f"{folder.name} has no {kind} {', '.join(names)}; known are: {known}{hint}"


def _layer_card(layer: GisLayer) -> dict[str, Any]:
    columns = [
        {
            "name": column,
            "short": layer.shorts.get(column, ""),
            "zh": heading.zh,
            "en": heading.en,
            "unit": heading.unit,
            "formula": heading.formula,
            "type": str(layer.data[column].dtype),
            "words": dict(layer.words.get(column, {})),
        }
        for column, heading in layer.headings.items()
    ]
    styles = {
        title: {"rules": [_rule_card(rule) for rule in style.rules], "column": style.column, "ends": style.ends}
        | {"geometry": style.geometry, "label": style.label, "outline_mm": style.outline_mm}
        | {"opacity": style.opacity, "min_scale": style.min_scale}
        for title, style in layer.styles.items()
    }
    return {
        "name": layer.name,
        "title_zh": layer.title_zh,
        "title_en": layer.title_en,
        "group": layer.group,
        "data_status": layer.status.word,
        "rows": len(layer.data),
        "crs": str(layer.data.crs),
        "columns": columns,
        "styles": styles,
    }


def _raster_card(raster: GisRaster) -> dict[str, Any]:
    return {
        "name": raster.name,
        "title_zh": raster.title_zh,
        "title_en": raster.title_en,
        "unit": raster.unit,
        "group": raster.group,
        "data_status": raster.status.word,
        "crs": str(raster.data.attrs["crs"]),
        "rules": [_rule_card(rule) for rule in raster.rules],
        "labels_en": dict(raster.labels_en),
    }


def _rule_card(rule: Rule) -> dict[str, Any]:
    return {
        key: value for key, value in asdict(rule).items() if value is not None and value not in (math.inf, -math.inf)
    }


def _finite(told: Any) -> Any:
    if isinstance(told, float):
        return told if math.isfinite(told) else None
    if isinstance(told, dict):
        return {writable(key): _finite(value) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [_finite(value) for value in told]
    return writable(told) if isinstance(told, str) else told


def _read_layer(package: Path, card: dict[str, Any]) -> GisLayer:
    data = pyogrio.read_dataframe(package, layer=card["name"], use_arrow=True)
    if len(data) != card["rows"]:
        raise ResultError(f"{package}: {card['name']} has {len(data)} rows instead of {card['rows']}; run again")
    columns = {c["name"]: c for c in card["columns"]}
    data = data[[*columns, "geometry"]]
    headings = {n: Heading(n, c["zh"], c["en"], c["unit"], c["formula"]) for n, c in columns.items()}
    words = {n: c["words"] for n, c in columns.items() if c["words"]}
    aliases = {n: heading.label_zh for n, heading in headings.items()}
    styles = {}
    for title, told in card["styles"].items():
        rules = tuple(Rule(**rule) for rule in told.pop("rules"))
        low, high = (0.0 if end is None else float(end) for end in told.pop("ends"))
        styles[title] = Style(rules=rules, ends=(low, high), aliases=aliases, words=words, **told)
    shorts = {n: c["short"] for n, c in columns.items() if c["short"]}
    status = Status.parse(card["data_status"])
    about_it = (card["name"], card["title_zh"], card["title_en"])
    return GisLayer(*about_it, data, headings, words, styles, status, shorts, card["group"])


def _read_raster(folder: Path, card: dict[str, Any]) -> GisRaster:
    path = folder / f"{card['name']}.tif"
    check_content(path, "tif")
    rules = tuple(Rule(**rule) for rule in card["rules"])
    about_it = (card["name"], card["title_zh"], card["title_en"], card["unit"])
    status = Status.parse(card["data_status"])
    return GisRaster(*about_it, read_cog(path), rules, status, card["group"], card["labels_en"])
