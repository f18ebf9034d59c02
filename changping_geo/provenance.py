"""The account of a run: every column with its formula, every parameter with its source, every layer with its ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from changping_geo import __version__, content
from changping_geo.model import Status

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.model import Analysis, Layer, Run, Setting


def account(run: Run) -> dict[str, Any]:
    """Return the account of a finished run as plain data."""
    return {
        "name": run.frame.name,
        "title_zh": run.frame.title_zh,
        "title_en": run.frame.title_en,
        "crs": run.frame.crs,
        "plan_zh": run.frame.plan_zh,
        "plan_en": run.frame.plan_en,
        "key": run.key,
        "status": run.status.word,
        "package": {"changping-geo": __version__},
        "libraries": content.libraries(),
        "layers": {name: _layer(layer, run.titles[name]) for name, layer in run.layers.items()},
        "analyses": {n: _analysis(a) for n, a in run.analyses.items()},
    }


def _layer(layer: Layer, title: tuple[str, str]) -> dict[str, Any]:
    ledger = layer.ledger
    return {
        "title_zh": title[0],
        "title_en": title[1],
        "status": layer.status.word,
        "source": dict(layer.source),
        "rows": {
            "read": ledger.read,
            "used": ledger.used,
            "repaired": dict(ledger.repaired),
            "set_aside": dict(ledger.set_aside),
        },
        "notes": list(ledger.notes),
    }


def _analysis(analysis: Analysis) -> dict[str, Any]:
    return {
        "title_zh": analysis.title_zh,
        "title_en": analysis.title_en,
        "about": analysis.about,
        "status": analysis.status.word,
        "layers": list(analysis.layers),
        "analyses": list(analysis.analyses),
        "headline": list(analysis.headline),
        "outputs": {
            o.name: {
                "unit": o.unit,
                "label_zh": o.label_zh,
                "label_en": o.label_en,
                "formula": o.formula,
                "extensive": o.extensive,
            }
            for o in analysis.outputs
        },
        "parameters": {s.card.name: _setting(s) for s in analysis.settings},
    }


def _setting(setting: Setting) -> dict[str, Any]:
    card = setting.card
    return {
        "value": setting.value,
        "chosen": setting.chosen,
        "default": card.value,
        "unit": card.unit,
        "low": card.low,
        "high": card.high,
        "source": card.source,
        "verified": card.verified,
        "title_zh": card.title_zh,
        "title_en": card.title_en,
    }


def write_account(run: Run, path: Path) -> None:
    """Write ``provenance.json``."""
    text = json.dumps(account(run), ensure_ascii=False, indent=1, allow_nan=False, sort_keys=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_account(folder: Path) -> dict[str, Any]:
    """Read the account of a published run."""
    found: dict[str, Any] = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    return found


def weakest(account_: dict[str, Any]) -> Status:
    """Return the status of a published run."""
    return Status.parse(account_["status"])
