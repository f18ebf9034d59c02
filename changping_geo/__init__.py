"""changping-geo: the geospatial planning toolkit for a district's carbon-peak plan.

>>> import changping_geo as cg
>>> ws = cg.Workspace(".")          # a district's folder
>>> pv = ws.run("rooftop_pv")       # frames: pv.by_town, pv.features["rooftops"], pv.tables
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from changping_geo.model import (
    AnalysisError,
    Cards,
    ColumnError,
    CrsError,
    DataError,
    GeoError,
    GeometryError,
    Output,
    Parameter,
    ParameterError,
    Result,
    ResultError,
    SourceError,
    SpecError,
    Status,
)

if TYPE_CHECKING:
    from changping_geo.workspace import Workspace

__version__ = "0.1.0"
__all__ = [
    "AnalysisError",
    "Cards",
    "ColumnError",
    "CrsError",
    "DataError",
    "GeoError",
    "GeometryError",
    "Output",
    "Parameter",
    "ParameterError",
    "Result",
    "ResultError",
    "SourceError",
    "SpecError",
    "Status",
    "Workspace",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import `Workspace` when it is first asked for: an unchanged run answers without it."""
    if name == "Workspace":
        from changping_geo.workspace import Workspace  # noqa: PLC0415

        return Workspace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
