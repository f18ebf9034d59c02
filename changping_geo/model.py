"""The nouns of the house: parameter, output, status, ledger, result, and the tree of errors.

Error tree::

    GeoError                 everything that a planner can mend; the command line prints it and exits with 2
    ├── DataError            a delivered file
    │   ├── SourceError      missing, damaged, changed, or of a kind that is never opened
    │   ├── CrsError         coordinate system, datum or extent
    │   ├── GeometryError    shapes and topology
    │   └── ColumnError      columns and their values
    ├── SpecError            a TOML of the workspace
    ├── ParameterError       an unknown parameter or a value outside its range
    ├── AnalysisError        an unknown analysis, layer or output, or a circle among them
    └── ResultError          a number that does not add up; nothing is published
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr

Value = float | int | str | bool


class GeoError(Exception):
    """Something that a planner can mend: the message says where, what, and what to do."""


class DataError(GeoError):
    """A delivered file does not hold what its layer promises."""


class SourceError(DataError):
    """A source is missing, damaged, changed, or of a kind that is never opened."""


class CrsError(DataError):
    """Coordinate system, datum or extent are wrong or unknown."""


class GeometryError(DataError):
    """Shapes or their topology are wrong."""


class ColumnError(DataError):
    """Columns or their values are wrong."""


class SpecError(GeoError):
    """A TOML file of the workspace is wrong."""


class ParameterError(GeoError):
    """A parameter is unknown or its value lies outside its range."""


class AnalysisError(GeoError):
    """An analysis, layer or output is unknown, or analyses wait for each other in a circle."""


class ResultError(GeoError):
    """A result does not add up; nothing is published."""


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
class Parameter:
    """One number with a meaning, and where it comes from.

    Attributes
    ----------
    name : str
        ``snake_case``; a dot makes a group, as in ``usable_share.industrial``.
    value : float, int, str or bool
        The default. [unit]
    unit : str
        ``"1"`` for shares and ratios.
    low, high : float, optional
        The range in which a value is accepted, and over which uncertainty is carried. [unit]
    source : str
        Publication, standard or reasoning behind value and range.
    verified : bool
        Whether the source itself was read.
    title_zh, title_en : str
        What it is, in a planner's words.
    choices : tuple of str
        The accepted words, for a parameter that is a word.
    """

    name: str
    value: Value
    unit: str
    low: float | None
    high: float | None
    source: str
    verified: bool
    title_zh: str
    title_en: str
    choices: tuple[str, ...] = ()

    def checked(self, raw: Value) -> Value:
        """Return `raw` as a value of this parameter's kind.

        Raises
        ------
        ParameterError
            If it is of another kind, outside the range, or not among the choices.
        """
        if isinstance(self.value, bool):
            return self._as_bool(raw)
        if isinstance(self.value, str):
            if self.choices and str(raw) not in self.choices:
                raise ParameterError(f"{self.name} = {raw!r} is unknown; use one of: {', '.join(self.choices)}")
            return str(raw)
        try:
            number = float(raw)
        except ValueError:
            raise ParameterError(f"{self.name} = {raw!r} is not a number [{self.unit}]") from None
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if not low <= number <= high:
            raise ParameterError(
                f"{self.name} = {raw} lies outside {self.low}…{self.high} [{self.unit}]; "
                f"the default is {self.value} ({self.source})"
            )
        return int(number) if isinstance(self.value, int) and number.is_integer() else number

    def _as_bool(self, raw: Value) -> bool:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        try:
            return words[str(raw).lower()]
        except KeyError:
            raise ParameterError(f"{self.name} = {raw!r} is neither true nor false") from None


class Cards(Mapping[str, Any]):
    """The parameter cards of a module: defaults by name, groups as dictionaries.

    Examples
    --------
    >>> cards = Cards(Parameter("share.a", 0.5, "1", 0, 1, "test", True, "甲", "a"))
    >>> cards["share"]
    {'a': 0.5}
    >>> cards.low("share")
    {'a': 0}
    """

    def __init__(self, *cards: Parameter | Iterable[Parameter]) -> None:
        flat: list[Parameter] = []
        for card in cards:
            flat.extend([card] if isinstance(card, Parameter) else card)
        twice = [name for name, count in Counter(c.name for c in flat).items() if count > 1]
        if twice:
            raise SpecError(f"parameter cards given twice: {', '.join(twice)}")
        self.cards: dict[str, Parameter] = {c.name: c for c in flat}

    def __getitem__(self, name: str) -> Any:
        return self._collect(name, "value")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.partition(".")[0] for name in self.cards))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def low(self, name: str) -> Any:
        """Return the low end of a parameter, or of each of a group. [the parameter's unit]"""
        return self._collect(name, "low")

    def high(self, name: str) -> Any:
        """Return the high end of a parameter, or of each of a group. [the parameter's unit]"""
        return self._collect(name, "high")

    def with_values(self, chosen: Mapping[str, Value]) -> dict[str, Any]:
        """Return every value or group, the `chosen` ones checked and put in place of their defaults.

        Raises
        ------
        ParameterError
            If a name is unknown or a value is refused; all faults at once.
        """
        faults: list[str] = []
        values: dict[str, Value] = {name: card.value for name, card in self.cards.items()}
        for name, raw in chosen.items():
            if name not in self.cards:
                faults.append(f"unknown parameter {name!r}; known are: {', '.join(self.cards)}")
                continue
            try:
                values[name] = self.cards[name].checked(raw)
            except ParameterError as error:
                faults.append(str(error))
        if faults:
            raise ParameterError("\n".join(faults))
        return _grouped(values)

    def _collect(self, name: str, what: str) -> Any:
        wanted = {key: getattr(card, what) for key, card in self.cards.items() if key.partition(".")[0] == name}
        if not wanted:
            if name in self.cards:
                return getattr(self.cards[name], what)
            raise KeyError(name)
        return _grouped(wanted)[name]


def _grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        head, dot, tail = name.partition(".")
        if dot:
            out.setdefault(head, {})[tail] = value
        else:
            out[head] = value
    return out


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
    data : GeoDataFrame, DataFrame or DataArray
        Rows that are used, indexed from 0; geometry in the workspace's metric CRS. A raster is a DataArray.
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
    data: gpd.GeoDataFrame | pd.DataFrame | xr.DataArray
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
        Values to be joined to a layer, by layer name, on that layer's index.
    tables : dict of str to DataFrame
        Further tables, written as ``tables/<analysis>_<name>.csv``.
    """

    by_town: pd.DataFrame
    features: dict[str, pd.DataFrame] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


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
    """

    name: str
    title_zh: str
    title_en: str
    crs: str
    utc_offset_h: float
    seed: int = 1
    plan_zh: str = ""
    plan_en: str = ""


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
    """

    frame: Frame
    key: str
    layers: dict[str, Layer]
    titles: dict[str, tuple[str, str]]
    columns: dict[str, dict[str, Any]]
    analyses: dict[str, Analysis]
    results: dict[str, Result]

    @property
    def status(self) -> Status:
        """The weakest status of all analyses."""
        return Status.weakest(a.status for a in self.analyses.values())
