"""The tree of errors: what a planner can mend.

Error tree::

    GeoError                 everything that a planner can mend; the command line prints it and exits with 2
    ├── DataError            a delivered file
    │   ├── SourceError      damaged, changed, or of a kind that is never opened
    │   │   └── MissingError nobody delivered it, and no provider can make it
    │   ├── CrsError         coordinate system, datum or extent
    │   ├── GeometryError    shapes and topology
    │   └── ColumnError      columns and their values
    ├── SpecError            a TOML of the workspace
    ├── ParameterError       an unknown parameter or a value outside its range
    ├── AnalysisError        an unknown analysis, layer or output, or a circle among them
    └── ResultError          a number that does not add up; nothing is published
"""


class GeoError(Exception):
    """Something that a planner can mend: the message says where, what, and what to do."""


class DataError(GeoError):
    """A delivered file does not hold what its layer promises."""


class SourceError(DataError):
    """A source is missing, damaged, changed, or of a kind that is never opened."""


class MissingError(SourceError):
    """A layer has no data: nobody delivered a file, and no provider can make it."""


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
