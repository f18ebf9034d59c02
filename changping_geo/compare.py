"""Two scenarios of one workspace side by side: what differs, per output and town."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.layers.spec import read_toml
from changping_geo.model import Run, SpecError
from changping_geo.run import Kept, compute
from changping_geo.wiring import read_modules, read_scenario, settings_by_analysis, split_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from changping_geo.model import Analysis, Value
    from changping_geo.workspace import Workspace

log = logging.getLogger(__name__)
ROOM = "scenarios"
DEFAULT = "default"
COLUMNS = [
    "analysis",
    "output",
    "label_zh",
    "label_en",
    "unit",
    "town_code",
    "town_name",
    "name_en",
    "value_a",
    "value_b",
    "difference",
    "change_percent",
]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named choice of parameters and sources.

    Attributes
    ----------
    name : str
        The file's stem, or ``default``.
    title_zh, title_en, about : str
        Headings, and a sentence about it.
    settings : dict of str to value
        ``analysis.parameter`` or ``layers.name`` to value; empty for the default.
    """

    name: str
    title_zh: str
    title_en: str
    about: str
    settings: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs and what differs.

    Attributes
    ----------
    a, b : Scenario
        What was chosen.
    run_a, run_b : Run
        Their results.
    table : DataFrame, shape (n, 12)
        A row per output and town, outside and district: `COLUMNS`.
    chosen : DataFrame
        The parameters and sources that differ: ``name``, ``value_a``, ``value_b``.
    """

    a: Scenario
    b: Scenario
    run_a: Run
    run_b: Run
    table: pd.DataFrame
    chosen: pd.DataFrame


def scenario(root: Path, word: str) -> Scenario:
    """Return a scenario by its name in ``scenarios/``, by its file, or ``default`` for no choice at all.

    Raises
    ------
    SpecError
        If there is none; the message lists those that are there.
    """
    if word == DEFAULT:
        return Scenario(DEFAULT, "默认参数", "defaults", "", {})
    path = Path(word) if word.endswith(".toml") else root / ROOM / f"{word}.toml"
    if not path.is_file():
        known = [DEFAULT, *sorted(p.stem for p in (root / ROOM).glob("*.toml"))]
        raise SpecError(f"no scenario {word!r}: {path} is missing; known are: {', '.join(known)}; or name a TOML file")
    raw = read_toml(path)
    name = re.sub(r"[^\w-]+", "_", path.stem)
    texts = {key: str(raw.get(key, "")) for key in ("title_zh", "title_en", "about")}
    return Scenario(
        name, texts["title_zh"] or name, texts["title_en"] or name, texts["about"], dict(read_scenario(path))
    )


def compare(ws: Workspace, a: str, b: str, names: Iterable[str] = ()) -> Comparison:
    """Compute two scenarios, the second one only as far as it differs, and lay them side by side.

    Parameters
    ----------
    ws : Workspace
        The workspace.
    a, b : str
        Two scenarios, for `scenario`.
    names : iterable of str
        Analyses; nothing means those whose own parameters or layers differ. What rests on their results is compared
        when it is named.

    Returns
    -------
    Comparison

    Raises
    ------
    GeoError
        Whatever a planner can mend, and scenarios that choose the same.
    """
    first, second = scenario(ws.root, a), scenario(ws.root, b)
    if first.settings == second.settings:
        raise SpecError(f"{a!r} and {b!r} choose the same parameters and sources; there is nothing to compare")
    kept: dict[str, Kept] = {}
    wanted = tuple(names) or touched(ws, first, second)
    run_a = compute(ws, wanted, first.settings, kept=kept)
    computed = len(kept)
    run_b = compute(ws, wanted, second.settings, kept=kept)
    log.info("%s rests on %d of %d analyses of %s", b, 2 * computed - len(kept), computed, a)
    return Comparison(first, second, run_a, run_b, difference_table(run_a, run_b), _chosen(first, second))


def touched(ws: Workspace, a: Scenario, b: Scenario) -> tuple[str, ...]:
    """Return the analyses whose own parameters or layers differ between two scenarios.

    Raises
    ------
    GeoError
        If a parameter is unknown or its value refused, or no analysis takes the layers that differ.
    """
    modules = read_modules(ws.root)
    for one in (a, b):
        settings_by_analysis(modules, split_settings(one.settings)[0])
    parameters, sources = split_settings(dict.fromkeys(_chosen(a, b)["name"], ""))
    heads = {name.partition(".")[0] for name in parameters}
    direct = [name for name, module in modules.items() if name in heads or set(module.needs) & set(sources)]
    resting = [n for n, module in modules.items() if n not in direct and set(module.needs) & set(direct)]
    if not direct:
        raise SpecError(f"no analysis takes {', '.join(sources)}; nothing would differ between {a.name} and {b.name}")
    if resting:
        log.info("what rests on %s is compared when it is named: %s", ", ".join(direct), ", ".join(resting))
    return tuple(direct)


def difference_table(run_a: Run, run_b: Run) -> pd.DataFrame:
    """Return every output of every town in both runs, with difference and change.

    Parameters
    ----------
    run_a, run_b : Run
        Runs of the same workspace and analyses.

    Returns
    -------
    DataFrame, shape (n, 12)
        `COLUMNS`; the difference is b less a [unit of the output], the change is relative to a [%], missing where a
        is zero or either value is missing.
    """
    parts = [_of_analysis(run_a, run_b, analysis) for analysis in run_a.analyses.values()]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _of_analysis(run_a: Run, run_b: Run, analysis: Analysis) -> pd.DataFrame:
    one, other = run_a.results[analysis.name].by_town, run_b.results[analysis.name].by_town
    rows = one.index.append(other.index[:-2].difference(one.index[:-2], sort=False)) if len(other) else one.index
    rows = pd.Index([*[c for c in rows if c not in ("outside", "district")], "outside", "district"])
    names = one[["town_name", "name_en"]].reindex(rows).fillna(other[["town_name", "name_en"]].reindex(rows))
    frames = []
    for output in analysis.outputs:
        values = pd.DataFrame({"value_a": one[output.name].reindex(rows), "value_b": other[output.name].reindex(rows)})
        values = values.astype("float64")
        base = values["value_a"].where(values["value_a"] != 0)
        frames.append(
            values.assign(
                difference=values["value_b"] - values["value_a"],
                change_percent=100.0 * (values["value_b"] - values["value_a"]) / base.abs(),
                analysis=analysis.name,
                output=output.name,
                label_zh=output.label_zh,
                label_en=output.label_en,
                unit=output.unit,
                town_code=rows,
                town_name=names["town_name"].to_numpy(),
                name_en=names["name_en"].to_numpy(),
            )
        )
    return pd.concat(frames, ignore_index=True)


def changed_outputs(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return analysis and output of what differs anywhere, the largest change of the district first."""
    differs = table["difference"].abs().gt(0) | (table["value_a"].isna() ^ table["value_b"].isna())
    keys = list(dict.fromkeys(zip(table.loc[differs, "analysis"], table.loc[differs, "output"], strict=True)))
    district = table[table["town_code"] == "district"].set_index(["analysis", "output"])["change_percent"].abs()
    return sorted(keys, key=lambda key: -float(np.nan_to_num(district.get(key, 0.0))))


def _chosen(a: Scenario, b: Scenario) -> pd.DataFrame:
    names = sorted(set(a.settings) | set(b.settings))
    rows = [(n, a.settings.get(n, DEFAULT), b.settings.get(n, DEFAULT)) for n in names]
    return pd.DataFrame([r for r in rows if r[1] != r[2]], columns=["name", "value_a", "value_b"])
