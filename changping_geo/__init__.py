"""changping-geo: the geospatial planning toolkit for a district's carbon-peak plan."""

__version__ = "0.1.0"
