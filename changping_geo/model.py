"""The nouns of the house: status, output, ledger, layer, result, run; with cards and errors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from changping_geo.cards import Cards, Parameter, Value
from changping_geo.errors import (
    AnalysisError,
    ColumnError,
    CrsError,
    DataError,
    GeoError,
    GeometryError,
    MissingError,
    ParameterError,
    ResultError,
    SourceError,
    SpecError,
)
from changping_geo.made import Grid, Made

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

__all__ = [
    "Analysis",
    "AnalysisError",
    "Cards",
    "ColumnError",
    "CrsError",
    "DataError",
    "Frame",
    "GeoError",
    "GeometryError",
    "Grid",
    "Layer",
    "Ledger",
    "Made",
    "MissingError",
    "Output",
    "Parameter",
    "ParameterError",
    "Result",
    "ResultError",
    "Run",
    "Setting",
    "SourceError",
    "SpecError",
    "Status",
    "Value",
]


class Status(IntEnum):
    """How far a number's data may be trusted; the weakest of a number's sources stands beside it."""

    OFFICIAL = 0
    OPEN = 1
    RECONSTRUCTED = 2
    SYNTHETIC = 3

    @property
    def word(self) -> str:
        """The word used in tables."""
        return self.name.lower()

    @property
    def label_zh(self) -> str:
        """The word shown to Chinese readers."""
        return ("官方数据", "开放数据", "重建数据", "合成示例数据")[self]

    @property
    def label_en(self) -> str:
        """The word shown to English readers."""
        return ("official data", "open data", "reconstructed data", "synthetic demonstration data")[self]

    @classmethod
    def parse(cls, word: str) -> Status:
        """Read a status word.

        Raises
        ------
        SpecError
            If the word is none of the four.
        """
        try:
            return cls[word.upper()]
        except KeyError:
            known = ", ".join(s.word for s in cls)
            raise SpecError(f"unknown data status {word!r}; use one of: {known}") from None

    @classmethod
    def weakest(cls, statuses: Iterable[Status]) -> Status:
        """Return the weakest of several statuses; official when there are none."""
        return max(statuses, default=cls.OFFICIAL)


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a result.

    Attributes
    ----------
    name : str
        The column, its unit at the end (``pv_energy_mwh_a``).
    unit : str
        Unit as people write it (``MWh/a``).
    label_zh, label_en : str
        Headings.
    formula : str
        How it is made, in the names of parameters, layers and other outputs.
    extensive : bool
        Whether towns add up to the district.
    short : str
        A name of at most ten ASCII characters, for shapefiles.
    """

    name: str
    unit: str
    label_zh: str
    label_en: str
    formula: str
    extensive: bool = True
    short: str = ""


@dataclass(slots=True)
class Ledger:
    """What became of the rows of a source: read = used + repaired + set aside.

    Attributes
    ----------
    layer : str
        The layer's name.
    read : int
        Rows in the source. [rows]
    repaired, set_aside : Counter
        Rows by reason; a row stands under one reason only. [rows]
    notes : list of str
        What a planner should know: encoding guessed, columns renamed, area changed by repair.
    """

    layer: str
    read: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def n_repaired(self) -> int:
        """Rows mended and kept. [rows]"""
        return sum(self.repaired.values())

    @property
    def n_set_aside(self) -> int:
        """Rows kept apart. [rows]"""
        return sum(self.set_aside.values())

    @property
    def used(self) -> int:
        """Rows kept as they came. [rows]"""
        return self.read - self.n_repaired - self.n_set_aside


@dataclass(frozen=True, slots=True)
class Layer:
    """A canonical layer: read, brought to the metric CRS, held to its contract.

    Attributes
    ----------
    name : str
        The layer's name.
    data : GeoDataFrame, DataFrame, DataArray or Dataset
        Rows that are used, indexed from 0; geometry in the workspace's metric CRS. A raster is a DataArray, hours of
        weather are a Dataset.
    status : Status
        How far it may be trusted.
    source : dict
        Where it came from: ``id``, ``path`` or ``provider``, ``licence``, ``origin``, ``sha256``, ``datum``.
    ledger : Ledger
        What became of the rows.
    set_aside : GeoDataFrame or DataFrame, optional
        The rows kept apart, with a column ``reason``.
    """

    name: str
    data: gpd.GeoDataFrame | pd.DataFrame | xr.DataArray | xr.Dataset
    status: Status
    source: dict[str, str]
    ledger: Ledger
    set_aside: gpd.GeoDataFrame | pd.DataFrame | None = None


@dataclass(slots=True)
class Result:
    """What an analysis hands back.

    Attributes
    ----------
    by_town : DataFrame
        One row per town, indexed by ``town_code``, then ``outside`` and ``district``; columns are the outputs.
    features : dict of str to DataFrame
        Values to be joined to a layer, by layer name, on that layer's index. ``attrs["words"]`` gives labels of words,
        ``attrs["headings"]`` Chinese and English heading and unit of columns that are no outputs.
    tables : dict of str to DataFrame
        Further tables, written as ``tables/<analysis>_<name>.csv``; ``attrs`` has ``title_zh``, ``title_en`` and
        ``headings``, too.
    datasets : dict of str to Dataset
        Values in time or on a grid, written as ``grids/<analysis>_<name>.nc``.
    made : dict of str to Made
        Layers of its own, written beside the workspace's; their names are no names of layers.
    rasters : dict of str to Grid
        Rasters of its own, written as ``gis/<name>.tif``.
    status : Status
        The weakest status of what it rests on; the run sets it, before other analyses see the result.
    """

    by_town: pd.DataFrame
    features: dict[str, pd.DataFrame] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    datasets: dict[str, xr.Dataset] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    rasters: dict[str, Grid] = field(default_factory=dict)
    status: Status = Status.OFFICIAL


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of a workspace, from ``[frame]`` of ``layers/district.toml``.

    Attributes
    ----------
    name : str
        ASCII name; files of a run are called after it.
    title_zh, title_en : str
        The district's name.
    crs : str
        The metric CRS of every layer.
    utc_offset_h : float
        Local standard time minus UTC. [h]
    seed : int
        Seed of every synthetic layer.
    plan_zh, plan_en : str
        The plan whose targets are measured.
    map_approval_number, boundary_source : str
        What maps for the public must carry: 审图号, and whose boundaries they show.
    """

    name: str
    title_zh: str
    title_en: str
    crs: str
    utc_offset_h: float
    seed: int = 1
    plan_zh: str = ""
    plan_en: str = ""
    map_approval_number: str = ""
    boundary_source: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter as a run used it."""

    card: Parameter
    value: Value
    chosen: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis as a run used it.

    Attributes
    ----------
    name, title_zh, title_en, about : str
        Name (the module's stem), headings, and the first line of its docstring.
    layers, analyses : tuple of str
        What its ``compute`` takes.
    outputs : tuple of Output
        Its columns.
    settings : tuple of Setting
        Its parameters.
    status : Status
        The weakest status of all layers that it rests on, directly or through other analyses.
    headline : tuple of str
        The outputs that a short table shows.
    """

    name: str
    title_zh: str
    title_en: str
    about: str
    layers: tuple[str, ...]
    analyses: tuple[str, ...]
    outputs: tuple[Output, ...]
    settings: tuple[Setting, ...]
    status: Status
    headline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A finished computation, ready to be shown and published.

    Attributes
    ----------
    frame : Frame
        The workspace's frame.
    key : str
        Content key of everything that the numbers rest on.
    layers : dict of str to Layer
        Every layer that was read.
    titles : dict of str to (str, str)
        Chinese and English title per layer.
    columns : dict of str to dict
        Column cards of each layer (`changping_geo.layers.spec.Column` by name).
    analyses : dict of str to Analysis
        In the order in which they ran.
    results : dict of str to Result
        By analysis.
    ground : dict of str to Layer
        Layers that maps show though no analysis read them: no number rests on them.
    """

    frame: Frame
    key: str
    layers: dict[str, Layer]
    titles: dict[str, tuple[str, str]]
    columns: dict[str, dict[str, Any]]
    analyses: dict[str, Analysis]
    results: dict[str, Result]
    ground: dict[str, Layer] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The weakest status of all analyses."""
        return Status.weakest(a.status for a in self.analyses.values())
