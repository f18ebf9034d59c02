"""Which analyses a workspace has, what each takes, and in which order they run: the signature is the wiring."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

from changping_geo import content
from changping_geo.layers.spec import read_toml
from changping_geo.model import (
    Analysis,
    AnalysisError,
    Cards,
    Output,
    ParameterError,
    Result,
    Setting,
    SpecError,
    Status,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import ModuleType


@dataclass(frozen=True, slots=True)
class Module:
    """An analysis as its file states it.

    Attributes
    ----------
    name : str
        The file's stem.
    title_zh, title_en, about : str
        Headings, and the first line of the module's docstring.
    compute : callable
        Layers and analyses by position, parameters by keyword.
    needs : tuple of str
        Its positional names: layers or other analyses.
    cards : Cards
        Its parameters.
    outputs : tuple of Output
        Its columns.
    headline : tuple of str
        The outputs shown on the screen.
    lazy : tuple of str
        Layers among its needs that it gets as functions without arguments, and that are made only when it calls them.
    optional : tuple of str
        Layers among its needs that it can do without: it gets None where nobody delivered any.
    """

    name: str
    title_zh: str
    title_en: str
    about: str
    compute: Callable[..., Result]
    needs: tuple[str, ...]
    cards: Cards
    outputs: tuple[Output, ...]
    headline: tuple[str, ...]
    lazy: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def read_modules(root: Path) -> dict[str, Module]:
    """Load every analysis of a workspace.

    Raises
    ------
    AnalysisError
        If a file does not load or lacks what an analysis must state; all faults at once.
    """
    modules: dict[str, Module] = {}
    faults: list[str] = []
    for name, path in content.room(root, "analyses", ".py").items():
        try:
            modules[name] = _read_module(name, path)
        except AnalysisError as error:
            faults.append(str(error))
    if faults:
        raise AnalysisError("\n".join(faults))
    return modules


def _read_module(name: str, path: Path) -> Module:
    found = _load(name, path)
    missing = [a for a in ("TITLE", "PARAMETERS", "OUTPUTS", "compute") if not hasattr(found, a)]
    if missing:
        raise AnalysisError(f"{path}: an analysis states {', '.join(missing)}, too")
    signature = inspect.signature(found.compute)
    by_place = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    by_name = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    cards: Cards = found.PARAMETERS
    unknown = [n for n in by_name if n not in cards]
    unused = [n for n in cards if n not in by_name]
    if unknown or unused:
        faults = f"without a card {unknown or 'none'}, never used {unused or 'none'}"
        raise AnalysisError(f"{path}: compute() and PARAMETERS disagree: {faults}")
    lazy = tuple(getattr(found, "LAZY", ()))
    optional = tuple(getattr(found, "OPTIONAL", ()))
    for what, listed in (("LAZY", lazy), ("OPTIONAL", optional)):
        strange = [n for n in listed if n not in by_place]
        if strange:
            raise AnalysisError(f"{path}: {what} names {', '.join(strange)}, which compute() does not take by position")
    if set(lazy) & set(optional):
        raise AnalysisError(
            f"{path}: {', '.join(set(lazy) & set(optional))} stands in LAZY and in OPTIONAL; choose one"
        )
    names = [output.name for output in found.OUTPUTS]
    headline = tuple(getattr(found, "HEADLINE", names[:6]))
    return Module(
        name=name,
        title_zh=found.TITLE[0],
        title_en=found.TITLE[1],
        about=(found.__doc__ or "").strip().partition("\n")[0],
        compute=found.compute,
        needs=tuple(by_place),
        cards=cards,
        outputs=tuple(found.OUTPUTS),
        headline=headline,
        lazy=lazy,
        optional=optional,
    )


def _load(name: str, path: Path) -> ModuleType:
    full = f"changping_geo_analyses.{name}"
    spec = spec_from_file_location(full, path)
    if spec is None or spec.loader is None:
        raise AnalysisError(f"{path} is no Python module")
    module = module_from_spec(spec)
    sys.modules[full] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError) as error:
        raise AnalysisError(f"{path} does not load: {error}") from error
    return module


def order(modules: Mapping[str, Module], layers: Iterable[str], names: Iterable[str]) -> list[Module]:
    """Return the analyses asked for and all that they need, each after what it takes.

    Parameters
    ----------
    modules : mapping of str to Module
        Every analysis of the workspace.
    layers : iterable of str
        Names of the layers.
    names : iterable of str
        What is asked for; nothing means all.

    Raises
    ------
    AnalysisError
        For unknown names, with the known ones, and for circles.
    """
    known_layers = set(layers)
    _refuse_twins(known_layers & set(modules))
    done: dict[str, Module] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in path:
            raise AnalysisError(f"analyses wait for each other: {' → '.join([*path, name])}")
        if name not in modules:
            raise AnalysisError(f"unknown analysis {name!r}; known are: {', '.join(modules)}")
        for need in modules[name].needs:
            if need in modules:
                _refuse_waiting(modules[name], need)
                visit(need, (*path, name))
            elif need not in known_layers:
                listed = f"layers are {', '.join(sorted(known_layers))}; analyses are {', '.join(modules)}"
                raise AnalysisError(f"analysis {name!r} asks for {need!r}, which is neither: {listed}")
        done[name] = modules[name]

    for name in tuple(names) or tuple(modules):
        visit(name, ())
    return list(done.values())


def _refuse_twins(names: set[str]) -> None:
    if names:
        raise AnalysisError(f"{', '.join(sorted(names))}: a layer and an analysis have one name; rename one of them")


def _refuse_waiting(module: Module, need: str) -> None:
    for what, listed in (("LAZY", module.lazy), ("OPTIONAL", module.optional)):
        if need in listed:
            raise AnalysisError(
                f"analysis {module.name!r}: {what} names {need!r}, an analysis; only layers can wait or be missing"
            )


def settings_by_analysis(
    modules: Mapping[str, Module], settings: Mapping[str, Value]
) -> tuple[dict[str, dict[str, Value]], dict[str, tuple[Setting, ...]]]:
    """Return, per analysis, the arguments of its ``compute`` and the settings with default or chosen values.

    Raises
    ------
    ParameterError
        For unknown names or refused values; all faults at once.
    """
    chosen: dict[str, dict[str, Value]] = {name: {} for name in modules}
    faults: list[str] = []
    for full, value in settings.items():
        head, _, tail = full.partition(".")
        if head in modules and tail:
            chosen[head][tail] = value
        else:
            faults.append(f"{full!r}: write analysis.parameter=value; analyses are: {', '.join(modules)}")
    arguments: dict[str, dict[str, Value]] = {}
    used: dict[str, tuple[Setting, ...]] = {}
    for name, module in modules.items():
        try:
            arguments[name] = module.cards.with_values(chosen[name])
        except ParameterError as error:
            faults.append(f"{name}: {error}")
            continue
        used[name] = tuple(
            Setting(card, card.checked(chosen[name].get(key, card.value)), key in chosen[name])
            for key, card in module.cards.cards.items()
        )
    if faults:
        raise ParameterError("\n".join(faults))
    return arguments, used


def split_settings(settings: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, str]]:
    """Return the chosen parameters, and the sources chosen for layers (``layers.rooftops = "open"``)."""
    chosen = {n.removeprefix("layers."): str(v) for n, v in settings.items() if n.startswith("layers.")}
    return {n: v for n, v in settings.items() if not n.startswith("layers.")}, chosen


def describe(
    module: Module,
    modules: Mapping[str, Module],
    settings: tuple[Setting, ...],
    status: Status,
    unopened: Iterable[str] = (),
) -> Analysis:
    """Return the analysis as a run used it, without the layers that it left unopened."""
    left = set(unopened)
    return Analysis(
        name=module.name,
        title_zh=module.title_zh,
        title_en=module.title_en,
        about=module.about,
        layers=tuple(n for n in module.needs if n not in modules and n not in left),
        analyses=tuple(n for n in module.needs if n in modules),
        outputs=module.outputs,
        settings=settings,
        status=status,
        headline=module.headline,
    )


def read_scenario(path: Path) -> dict[str, Value]:
    """Read a scenario: tables named after analyses, their parameters inside; groups as tables within.

    A table ``[layers]`` names the source of a layer. Beside them it may have ``title_zh``, ``title_en`` and ``about``.

    Raises
    ------
    SpecError
        If the file is missing, does not parse, or has a value outside a table.
    """
    flat: dict[str, Value] = {}
    raw = read_toml(path)
    stray = [k for k, v in raw.items() if not isinstance(v, dict) and k not in ("title_zh", "title_en", "about")]
    if stray:
        raise SpecError(f"{path}: {', '.join(stray)} must stand in a table named after an analysis, as [rooftop_pv]")

    def walk(prefix: str, node: Mapping[str, Any]) -> None:
        for key, value in node.items():
            name = f"{prefix}.{key}" if prefix else key
            if isinstance(value, dict):
                walk(name, value)
            elif prefix:
                flat[name] = value

    walk("", raw)
    return flat
