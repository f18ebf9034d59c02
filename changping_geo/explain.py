"""Every number explains itself: value, formula, parameters with source, layers with status and rows."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from changping_geo import provenance
from changping_geo.model import AnalysisError, Status

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "zh": {"formula": "公式", "parameters": "参数", "layers": "数据", "chosen": "自选", "default": "默认"},
    "en": {
        "formula": "formula",
        "parameters": "parameters",
        "layers": "layers",
        "chosen": "chosen",
        "default": "default",
    },
}


def explain(folder: Path, output: str, town: str, language: str) -> str:
    """Return the account of one number.

    Parameters
    ----------
    folder : Path
        A run folder.
    output : str
        ``analysis.output``.
    town : str
        Name or code of a town; empty for the whole district.
    language : str
        ``zh`` or ``en``.

    Raises
    ------
    AnalysisError
        If analysis, output or town are unknown; the message lists the known ones.
    """
    account = provenance.read_account(folder)
    name, _, column = output.partition(".")
    if name not in account["analyses"]:
        raise AnalysisError(f"unknown analysis {name!r} in {output!r}; known are: {', '.join(account['analyses'])}")
    analysis = account["analyses"][name]
    if column not in analysis["outputs"]:
        known = ", ".join(f"{name}.{o}" for o in analysis["outputs"])
        raise AnalysisError(f"unknown output {output!r}; known are: {known}")
    card = analysis["outputs"][column]
    row = _row(folder / "tables" / f"{name}_by_town.csv", town)
    words = WORDS[language]
    status = Status.parse(analysis["status"])
    label = status.label_zh if language == "zh" else status.label_en
    lines = [
        f"{output} — {card['label_zh']} / {card['label_en']}",
        f"{row['town_name'] or row['town_code']}: {row[column]} {card['unit']}  ({label})",
        f"{words['formula']}: {card['formula']}",
        f"{words['parameters']}:",
        *(_parameter(n, p, words) for n, p in _all_parameters(account, name).items()),
        f"{words['layers']}:",
        *(_layer(n, account["layers"][n]) for n in _all_layers(account, name)),
    ]
    return "\n".join(lines)


def _row(path: Path, town: str) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = town or "district"
    for row in rows:
        if wanted in (row["town_code"], row["town_name"], row.get("name_en")):
            return row
    known = ", ".join(r["town_name"] or r["town_code"] for r in rows)
    raise AnalysisError(f"unknown town {town!r}; known are: {known}")


def _all_parameters(account: dict[str, Any], name: str) -> dict[str, Any]:
    found = dict(account["analyses"][name]["parameters"])
    for other in account["analyses"][name]["analyses"]:
        found |= {f"{other}.{n}": p for n, p in _all_parameters(account, other).items()}
    return found


def _all_layers(account: dict[str, Any], name: str) -> list[str]:
    found = list(account["analyses"][name]["layers"])
    for other in account["analyses"][name]["analyses"]:
        found += _all_layers(account, other)
    return list(dict.fromkeys(found))


def parameter_range(low: float | None, high: float | None) -> str:
    """Return a range as people write it."""
    return "" if low is None and high is None else f"{low}…{high}"


def _parameter(name: str, card: dict[str, Any], words: dict[str, str]) -> str:
    how = words["chosen"] if card["chosen"] else words["default"]
    mark = "✓" if card["verified"] else "?"
    limits = parameter_range(card["low"], card["high"])
    return f"  {name} = {card['value']} [{card['unit']}] {how} ({limits}) {mark} {card['source']}"


def _layer(name: str, layer: dict[str, Any]) -> str:
    rows, source = layer["rows"], layer["source"]
    repaired, aside = sum(rows["repaired"].values()), sum(rows["set_aside"].values())
    return (
        f"  {name} {layer['title_zh']} ({layer['status']}; {source.get('path') or source.get('provider')}): "
        f"read {rows['read']} = used {rows['used']} + repaired {repaired} + set aside {aside}"
    )
