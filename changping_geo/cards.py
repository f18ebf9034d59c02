"""Parameter cards: one number with a meaning, its unit, range and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from changping_geo.errors import ParameterError, SpecError

Value = float | int | str | bool


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

    def merged(self, group: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return a group, its defaults completed by what is `chosen`.

        Raises
        ------
        ParameterError
            If a name is not of the group.
        """
        known = self[group]
        unknown = [f"{group}.{name}" for name in chosen if name not in known]
        if unknown:
            raise ParameterError(f"unknown parameters {', '.join(unknown)}; known in {group}: {', '.join(known)}")
        return {**known, **chosen}

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
