"""A published run, read back as far as a report needs it: outputs, tables, towns; nothing is computed again."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.model import (
    Analysis,
    Frame,
    Layer,
    Ledger,
    Output,
    Parameter,
    Result,
    ResultError,
    Run,
    Setting,
    Status,
)
from changping_geo.plan.indicators import TOWN_TABLE
from changping_geo.present.bundle import read_bundle
from changping_geo.present.tables import restore_text
from changping_geo.provenance import read_account

if TYPE_CHECKING:
    from pathlib import Path

_TOWNS = "towns"
_TABLES = ("plan_targets", TOWN_TABLE)
_MISSING = {"": np.nan}


def read_run(folder: Path) -> Run:
    """Return a published run without its data layers but with its towns.

    Parameters
    ----------
    folder : Path
        A run folder.

    Returns
    -------
    Run
        Results by town, the scoreboard and what towns contribute to it; of the layers only the ledgers, and the towns
        with their shapes.

    Raises
    ------
    ResultError
        If a file of the run is gone or damaged.
    """
    folder = folder.resolve()
    account = read_account(folder)
    try:
        analyses = {name: _analysis(name, told) for name, told in account["analyses"].items()}
        results = {name: _result(folder, analysis) for name, analysis in analyses.items()}
        layers = {name: _layer(name, told) for name, told in account["layers"].items()}
    except (OSError, KeyError, ValueError) as error:
        raise ResultError(f"{folder} is not whole any more ({error}); remove the folder and run again") from error
    towns = read_bundle(folder, [_TOWNS]).layers[0]
    ledger = layers[_TOWNS].ledger if _TOWNS in layers else Ledger(_TOWNS, len(towns.data))
    layers[_TOWNS] = Layer(_TOWNS, towns.data.reset_index(drop=True), towns.status, {}, ledger)
    frame = Frame(
        account["name"], account["title_zh"], account["title_en"], account["crs"], 0.0,
        plan_zh=account["plan_zh"], plan_en=account["plan_en"],
    )  # fmt: skip
    titles = {name: (told["title_zh"], told["title_en"]) for name, told in account["layers"].items()}
    return Run(frame, account["key"], layers, titles, {}, analyses, results)


def _analysis(name: str, told: dict[str, Any]) -> Analysis:
    outputs = tuple(
        Output(column, card["unit"], card["label_zh"], card["label_en"], card["formula"], card["extensive"])
        for column, card in told["outputs"].items()
    )
    settings = tuple(
        Setting(
            Parameter(
                *(parameter, card["default"], card["unit"], card["low"], card["high"], card["source"]),
                verified=card["verified"], title_zh=card["title_zh"], title_en=card["title_en"],
            ),
            card["value"],
            chosen=card["chosen"],
        )
        for parameter, card in told["parameters"].items()
    )  # fmt: skip
    needs = tuple(told["layers"]), tuple(told["analyses"])
    about = (name, told["title_zh"], told["title_en"], told["about"])
    return Analysis(*about, *needs, outputs, settings, Status.parse(told["status"]), tuple(told["headline"]))


def _result(folder: Path, analysis: Analysis) -> Result:
    table = _frame(folder / "tables" / f"{analysis.name}_by_town.csv").set_index("town_code")
    table = table.drop(columns="data_status")
    for output in analysis.outputs:
        table[output.name] = pd.to_numeric(table[output.name].replace(_MISSING), errors="coerce").astype(float)
    tables = {}
    for name in _TABLES:
        path = folder / "tables" / (f"{name}.csv" if name == analysis.name else f"{analysis.name}_{name}.csv")
        if path.is_file():
            tables[name] = _frame(path)
    return Result(table, tables=tables, status=analysis.status)


def _frame(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    return pd.DataFrame([[restore_text(cell) for cell in row] for row in rows], columns=head)


def _layer(name: str, told: dict[str, Any]) -> Layer:
    rows = told["rows"]
    ledger = Ledger(name, rows["read"], Counter(rows["repaired"]), Counter(rows["set_aside"]), list(told["notes"]))
    return Layer(name, pd.DataFrame(), Status.parse(told["status"]), dict(told["source"]), ledger)
