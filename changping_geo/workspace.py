"""A workspace folder, opened and checked: its frame, its layers, its analyses."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from changping_geo import content
from changping_geo.layers.spec import LayerSpec, Source, read_spec, read_toml
from changping_geo.model import AnalysisError, Frame, Layer, MissingError, Result, SourceError, SpecError, Status, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shapely.geometry.base import BaseGeometry

log = logging.getLogger(__name__)


class Workspace:
    """A district's folder: ``layers/district.toml``, ``data_raw/``, and whatever it adds to the standard rooms.

    Parameters
    ----------
    root : str or Path
        The folder.
    chosen : mapping of str to str, optional
        Layers for which another source than the first available one is wanted, with the id of that source.

    Raises
    ------
    SpecError
        If the folder is no workspace, a TOML file is wrong, or a chosen source is unknown; all faults at once.

    Examples
    --------
    >>> import changping_geo as cg
    >>> ws = cg.Workspace(".")
    >>> ws.frame.name
    'changping'
    """

    def __init__(self, root: str | Path = ".", chosen: Mapping[str, str] | None = None) -> None:
        self.root = Path(root).resolve()
        home = self.root / "layers" / "district.toml"
        if not home.is_file():
            raise SpecError(
                f"{self.root} is no workspace: {home.relative_to(self.root)} is missing; "
                "make one with `changping-geo new DIR`, or name one with --workspace"
            )
        self.frame = _read_frame(home)
        self.specs = self._read_specs()
        self.chosen = dict(sorted((chosen or {}).items()))
        self._check_chosen()
        self._layers: dict[str, Layer] = {}
        self._opening: list[str] = []

    def _check_chosen(self) -> None:
        faults = [
            f"layers.{name} = {wanted!r}: "
            + (
                f"sources are {', '.join(s.id for s in spec.sources)}"
                if spec
                else f"layers are {', '.join(self.specs)}"
            )
            for name, wanted in self.chosen.items()
            if not (spec := self.specs.get(name)) or wanted not in [s.id for s in spec.sources]
        ]
        if faults:
            raise SpecError("\n".join(faults))

    def choosing(self, chosen: Mapping[str, str]) -> Workspace:
        """Return this workspace with other sources chosen; delivered layers that stay the same are not read again."""
        if dict(chosen) == self.chosen:
            return self
        other = Workspace(self.root, chosen)
        for name, layer in self._layers.items():
            if layer.source.get("path") and other.source(name) == self.source(name):
                other._layers[name] = layer
        return other

    def _read_specs(self) -> dict[str, LayerSpec]:
        specs: dict[str, LayerSpec] = {}
        faults: list[str] = []
        for name, path in content.room(self.root, "layers", ".toml").items():
            try:
                specs[name] = read_spec(path)
            except SpecError as error:
                faults.append(str(error))
        if faults:
            raise SpecError("\n".join(faults))
        return specs

    def spec(self, name: str) -> LayerSpec:
        """Return a layer's contract.

        Raises
        ------
        AnalysisError
            If there is no such layer; the message lists the known ones.
        """
        try:
            return self.specs[name]
        except KeyError:
            raise AnalysisError(f"unknown layer {name!r}; known are: {', '.join(self.specs)}") from None

    def source(self, name: str) -> Source:
        """Return the first available source of a layer, or the one chosen for it.

        Raises
        ------
        MissingError
            If none is available; the message says where a file may be put.
        """
        spec = self.spec(name)
        wanted = self.chosen.get(name)
        for source in spec.sources:
            if wanted and source.id != wanted:
                continue
            if source.provider:
                return source
            found = self._find(spec, source.path)
            if found:
                return replace(source, path=found)
        places = ", ".join(s.path for s in spec.sources if s.path and (not wanted or s.id == wanted))
        raise MissingError(f"layer {name!r} has no data: put a file at {places}, or name another source in {spec.file}")

    def has(self, name: str) -> bool:
        """Return whether a layer has data, or a provider that makes them; a chosen source must be there."""
        try:
            self.source(name)
        except MissingError:
            if name in self.chosen:
                raise
            return False
        return True

    def _find(self, spec: LayerSpec, path: str) -> str:
        """Return the file that a source's path means; ``name.*`` is the one file of that name in a readable format."""
        if not path.endswith(".*"):
            return path if (content.home_of(self.root, path) / path).exists() else ""
        suffixes = content.SUFFIXES[spec.geometry]
        stem = self.root / path.removesuffix(".*")
        found = sorted(p for p in stem.parent.glob(f"{stem.name}.*") if p.suffix.lower() in suffixes)
        if len(found) > 1:
            names = ", ".join(p.name for p in found)
            raise SourceError(f"layer {spec.name!r}: several files offer themselves ({names}); keep one of them")
        return found[0].relative_to(self.root).as_posix() if found else ""

    @cached_property
    def district(self) -> BaseGeometry:
        """The district's outline as one shape in the metric CRS."""
        return self.layer("district").data.geometry.union_all()

    def layer(self, name: str) -> Layer:
        """Return a layer, read once: the first available source, held to its contract.

        Raises
        ------
        DataError
            If the source is missing, damaged, or breaks the contract.
        """
        if name not in self._layers:
            if name in self._opening:
                raise SpecError(f"layers wait for each other: {' → '.join([*self._opening, name])}")
            self._opening.append(name)
            try:
                self._layers[name] = self._open(name)
            finally:
                self._opening.pop()
        return self._layers[name]

    def _open(self, name: str) -> Layer:
        from changping_geo.layers.load import hold_provided, load_source  # noqa: PLC0415 - heavy
        from changping_geo.layers.register import Register  # noqa: PLC0415

        spec, source = self.spec(name), self.source(name)
        district = None if name == "district" or spec.geometry == "table" else self.district
        if source.path:
            log.info("read %s from %s", name, source.path)
            home = content.home_of(self.root, source.path)
            Register.read(home).verify(home / source.path)
            return load_source(spec, source, self.frame, district, home)
        from changping_geo.sources.cache import provided  # noqa: PLC0415

        made = provided(self, spec, source)
        # what is synthetic already cannot be weakened, so nothing is opened for it
        firm = source.status != max(Status)
        below = {n: self.layer(n).status if firm else source.status for n in made.rests_on}
        return hold_provided(spec, source, made.raw, self.frame, district, below)

    def waits(self, name: str) -> bool:
        """Return whether a layer is still to be made, which takes minutes."""
        from changping_geo.sources.cache import waits  # noqa: PLC0415 - heavy

        spec, source = self.spec(name), self.source(name)
        return name not in self._layers and bool(source.provider) and waits(self, spec, source)

    def run(self, *names: str, settings: Mapping[str, Value] | None = None) -> Result | dict[str, Result]:
        """Compute analyses and return their frames; nothing is written.

        Parameters
        ----------
        *names : str
            Analyses; none means all.
        settings : mapping of str to value, optional
            ``{"rooftop_pv.module_efficiency": 0.22}``.

        Returns
        -------
        Result or dict of str to Result
            One result when one analysis was asked for, else all by name.
        """
        from changping_geo.run import compute  # noqa: PLC0415

        finished = compute(self, names, settings or {})
        return finished.results[names[0]] if len(names) == 1 else finished.results

    def publish(
        self,
        names: Iterable[str] = (),
        settings: Mapping[str, Value] | None = None,
        results: str | Path | None = None,
    ) -> Path:
        """Compute analyses and publish a whole run folder; return it. An unchanged run is not computed again."""
        from changping_geo.run import publish  # noqa: PLC0415

        return publish(self.root, tuple(names), settings or {}, Path(results) if results else None)


def _read_frame(path: Path) -> Frame:
    raw: dict[str, Any] = read_toml(path).get("frame", {})
    known = Frame.__dataclass_fields__
    faults = [
        f"[frame] has the unknown entry {key!r}; known are: {', '.join(known)}" for key in raw if key not in known
    ]
    faults += [
        f"[frame] lacks {key!r}" for key in ("name", "title_zh", "title_en", "crs", "utc_offset_h") if key not in raw
    ]
    name = str(raw.get("name", "x"))
    if not (name.isascii() and name.replace("_", "").replace("-", "").isalnum()):
        faults.append(f"[frame] name = {name!r}: letters, digits, '-' and '_' only; files are called after it")
    if "crs" in raw:
        faults += _crs_faults(str(raw["crs"]))
    if faults:
        raise SpecError(f"{path}:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return Frame(**raw)


def _crs_faults(text: str) -> list[str]:
    """Tell why a CRS cannot carry areas and distances."""
    from pyproj import CRS  # noqa: PLC0415 - heavy
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    remedy = "name a metric one for the district, such as the CGCS2000 3-degree zone whose meridian is nearest"
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return [f"[frame] crs = {text!r} is no coordinate system; {remedy}"]
    operation = crs.coordinate_operation
    metric = crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info)
    if not metric or (operation is not None and "Pseudo Mercator" in operation.method_name):
        return [f"[frame] crs = {text!r} ({crs.name}) does not measure in true metres; {remedy}"]
    return []
