"""The quiet base map on paper: relief, green, water and main roads, in the workspace's metric CRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch

from changping_geo.present.map_ground import hillshade, patches
from changping_geo.present.map_rows import layer_of
from changping_geo.present.pdflayers import compound

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

# Codes of land cover (ESA WorldCover) and their colour, from the bottom up.
_COVER = {10: "#e9eee1", 80: "#c3d7e3"}
# Class of road: colour, width. [pt]
_ROADS = {
    "primary": ("#cfc8b9", 0.5),
    "trunk": ("#c9bda2", 0.7),
    "motorway": ("#c2b08a", 0.9),
}
_RELIEF_PX = 700
_SHADE, _SHINE = 0.30, 0.22  # opacity of full shade and of full light


@dataclass(slots=True)
class PaperGround:
    """What stands below and above the towns of a printed map.

    Attributes
    ----------
    cover : list of (str, array)
        Colour and polygons of each class.
    roads : list of (str, float, list)
        Colour, width and coordinates of each class. [pt]
    relief : array, shape (rows, columns, 4), optional
        A veil of shade and light.
    extent : tuple of float
        West, east, south and north end of the relief. [m]
    """

    cover: list[tuple[str, NDArray[Any]]] = field(default_factory=list)
    roads: list[tuple[str, float, list[NDArray[np.float64]]]] = field(default_factory=list)
    relief: NDArray[np.float64] | None = None
    extent: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def draw(self, ax: Axes, clip: PathPatch) -> None:
        """Draw it within the district, below the towns; relief and roads as a veil above them."""
        for colour, shapes in self.cover:
            patch = PathPatch(compound(shapes), facecolor=colour, edgecolor="none", zorder=1)
            ax.add_patch(patch).set_clip_path(clip)
        for colour, width, lines in self.roads:
            roads = LineCollection(lines, colors=colour, linewidths=width, zorder=4, alpha=0.9)
            ax.add_collection(roads, autolim=False)
            roads.set_clip_path(clip)
        if self.relief is not None:
            veil = ax.imshow(self.relief, extent=self.extent, interpolation="bilinear", zorder=3.5, aspect="equal")
            veil.set_clip_path(clip)


def paper_ground(run: Run, spec: MapSpec) -> PaperGround:
    """Return the base map of a page for paper; it is the same for all pages that name the same layers."""
    ground = PaperGround()
    cover = layer_of(run, "land_cover") if "land_cover" in spec.ground else None
    if cover is not None and str(cover.data.attrs["crs"]) == run.frame.crs:
        found = [(colour, patches(cover.data, code).to_numpy()) for code, colour in _COVER.items()]
        ground.cover = [(colour, shapes) for colour, shapes in found if len(shapes)]
    roads = layer_of(run, "roads") if "roads" in spec.ground else None
    if roads is not None and isinstance(roads.data, gpd.GeoDataFrame) and "class" in roads.data:
        classes = roads.data["class"].astype(str).to_numpy()
        for name, (colour, width) in _ROADS.items():
            lines = shapely.get_parts(shapely.simplify(roads.data.geometry.to_numpy()[classes == name], 20.0))
            if len(lines):
                ground.roads.append((colour, width, [shapely.get_coordinates(line) for line in lines]))
    terrain = layer_of(run, "terrain") if "terrain" in spec.ground else None
    if terrain is not None and str(terrain.data.attrs["crs"]) == run.frame.crs:
        _relief(ground, terrain.data)
    return ground


def _relief(ground: PaperGround, terrain: Any) -> None:
    step = max(1, max(terrain.shape) // _RELIEF_PX)
    height = np.asarray(terrain.values, dtype=np.float64)[::step, ::step]
    nodata = terrain.attrs.get("nodata")
    height = height if nodata is None else np.where(height == nodata, np.nan, height)
    if min(height.shape) < 3:  # noqa: PLR2004 - a slope needs neighbours
        return
    cell, _, west, _, _, north = (float(x) for x in terrain.attrs["transform"][:6])
    light = hillshade(height, cell * step)
    veil = np.zeros((*light.shape, 4))
    veil[..., :3] = np.where(light[..., None] < 0, 0.24, 1.0)
    veil[..., 3] = np.where(light < 0, -light * _SHADE, np.clip(light * 2, 0, 1) * _SHINE)
    ground.relief = veil
    rows, columns = light.shape
    ground.extent = (west, west + columns * step * cell, north - rows * step * cell, north)
