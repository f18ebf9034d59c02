"""Cells of a generalised balanced power diagram: weights by Newton's method, borders traced as exact conics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

COARSE_NODES = 40_000  # nodes for the weights: the smallest town keeps a hundred or more
FINE_NODES = 400_000  # nodes for the borders
NODES_PER_SMALLEST = (150, 1200)  # nodes that the smallest cell gets at least, coarse and fine
MAX_NODES = 1_000_000
NEWTON_STEPS = 60
CORRECTIONS = 8


@dataclass(frozen=True, slots=True)
class Sites:
    """Centres and inverse second-moment matrices.

    Attributes
    ----------
    centres : ndarray, shape (n, 2)
        [m]
    xx, xy, yy : ndarray, shape (n,)
        Entries of the matrices. [1/m2]
    """

    centres: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    def cost(self, i: int, x: Floats, y: Floats) -> Floats:
        """Return (x − c)ᵀ A (x − c) of one site at many points. [1]"""
        dx, dy = x - self.centres[i, 0], y - self.centres[i, 1]
        return np.asarray((self.xx[i] * dx + 2 * self.xy[i] * dy) * dx + self.yy[i] * dy * dy)

    def costs(self, i: Ints, x: Floats, y: Floats) -> Floats:
        """Return the same for each point's own site. [1]"""
        dx, dy = x - self.centres[i, 0], y - self.centres[i, 1]
        return np.asarray((self.xx[i] * dx + 2 * self.xy[i] * dy) * dx + self.yy[i] * dy * dy)

    def gradients(self, i: Ints, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the gradient of each point's own site's cost. [1/m]"""
        dx, dy = x - self.centres[i, 0], y - self.centres[i, 1]
        return 2 * (self.xx[i] * dx + self.xy[i] * dy), 2 * (self.xy[i] * dx + self.yy[i] * dy)

    def nearest(self, weights: Floats, x: Floats, y: Floats) -> Ints:
        """Return the site of the smallest weighted cost at each point."""
        best = np.zeros(np.broadcast(x, y).shape, dtype=np.int64)
        low = self.cost(0, x, y) - weights[0]
        for i in range(1, len(weights)):
            cost = self.cost(i, x, y) - weights[i]
            np.copyto(best, i, where=cost < low)
            np.minimum(low, cost, out=low)
        return best


class Grid(NamedTuple):
    """Nodes over an outline: coordinates, which lie inside, and the spacing. [m]"""

    x: Floats
    y: Floats
    inside: NDArray[np.bool_]
    step: float


def grid(outline: shapely.Geometry, smallest: float, nodes: int, per_smallest: int) -> Grid:
    """Return nodes fine enough for the smallest cell."""
    x0, y0, x1, y1 = outline.bounds
    step = min((outline.area / nodes) ** 0.5, (smallest / per_smallest) ** 0.5)
    step = max(step, ((x1 - x0) * (y1 - y0) / MAX_NODES) ** 0.5)
    # One node beyond the outline on every side, so that every border leaves the outline before the grid ends.
    x = np.arange(x0 - 1.37 * step, x1 + 2 * step, step)
    y = np.arange(y0 - 1.37 * step, y1 + 2 * step, step)
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, x[None, :], y[:, None])
    return Grid(x, y, inside, float(step))


def balance(outline: shapely.Geometry, sites: Sites, areas: Floats) -> Floats | None:
    """Return the weights that give each cell its area, nearly; none when Newton's method does not get there.

    Parameters
    ----------
    outline : Polygon
        [m]
    sites : Sites
        Of n cells.
    areas : ndarray, shape (n,)
        [m2]

    Returns
    -------
    ndarray, shape (n,), or None
        [1]
    """
    nodes = grid(outline, areas.min(), COARSE_NODES, NODES_PER_SMALLEST[0])
    node_area = outline.area / nodes.inside.sum()
    # At first each cell is bounded where its own ellipse has its area; failing that, every centre keeps itself.
    for weights in (areas / np.pi * np.sqrt(sites.xx * sites.yy - sites.xy**2), np.zeros(len(areas))):
        label, owner = _owners(sites, weights, nodes)
        have = _counts(owner, nodes, len(areas)) * node_area
        if have.min() > 0:
            break
    floor = 0.5 * min(have.min(), areas.min())
    for _ in range(NEWTON_STEPS):
        error = np.abs(have - areas)
        if error.max() < max(3 * node_area, 2e-3 * areas.min()):
            break
        step = _newton_step(sites, nodes, label, owner, areas - have)
        for damping in (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.01):
            tried = weights + damping * step
            label, owner = _owners(sites, tried, nodes)
            now = _counts(owner, nodes, len(areas)) * node_area
            if now.min() >= floor and np.linalg.norm(now - areas) < (1 - damping / 4) * np.linalg.norm(have - areas):
                break
        weights, have = tried, now
    rough = np.abs(have - areas) / areas
    return weights if rough.max() < 0.1 else None  # noqa: PLR2004 - near enough for the exact corrections


def _counts(owner: Ints, nodes: Grid, n: int) -> Floats:
    return np.bincount(owner[nodes.inside], minlength=n).astype(float)


def _owners(sites: Sites, weights: Floats, nodes: Grid) -> tuple[Ints, Ints]:
    """Return each node's cell, and its owner: a stray part of a cell belongs to the neighbour around it."""
    label = sites.nearest(weights, nodes.x[None, :], nodes.y[:, None])
    owner = label.copy()
    inside = np.where(nodes.inside, label, -1)
    for i, window in enumerate(ndimage.find_objects(np.where(nodes.inside, label + 1, 0))):
        if window is None:
            continue
        parts, count = ndimage.label(inside[window] == i)
        if count < 2:  # noqa: PLR2004 - one part is whole
            continue
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        rows, columns = (slice(max(s.start - 1, 0), s.stop + 1) for s in window)
        parts = np.pad(parts, [(window[0].start - rows.start, 0), (window[1].start - columns.start, 0)])
        around = inside[rows, columns]
        parts = np.pad(parts, [(0, around.shape[0] - parts.shape[0]), (0, around.shape[1] - parts.shape[1])])
        for part in np.flatnonzero(sizes):
            if part == sizes.argmax():
                continue
            stray = parts == part
            rim = around[ndimage.binary_dilation(stray) & ~stray]
            rim = rim[(rim >= 0) & (rim != i)]
            if rim.size:
                owner[rows, columns][stray] = np.bincount(rim).argmax()
    return label, owner


def _newton_step(sites: Sites, nodes: Grid, label: Ints, owner: Ints, lack: Floats) -> Floats:
    """Return the change of weights that fills what each cell lacks, to first order.

    Along the border of cells a and b, raising w_a by dw moves the border by dw / |∇(f_a − f_b)|. A border element
    crossed by the grid counts with its share of the border's length, hence the component of the gradient across it.
    """
    n = len(lack)
    jacobian = np.zeros((n, n))
    here, there = (slice(None), slice(None, -1)), (slice(None), slice(1, None))
    for axis, (p, q) in enumerate(((here, there), (here[::-1], there[::-1]))):
        rows, columns = np.nonzero((label[p] != label[q]) & nodes.inside[p] & nodes.inside[q])
        a, b = label[p][rows, columns], label[q][rows, columns]
        owner_a, owner_b = owner[p][rows, columns], owner[q][rows, columns]
        x = nodes.x[columns] + (0.5 * nodes.step if axis == 0 else 0.0)
        y = nodes.y[rows] + (0.5 * nodes.step if axis == 1 else 0.0)
        gradient = np.subtract(sites.gradients(a, x, y), sites.gradients(b, x, y))
        share = nodes.step * np.abs(gradient[axis]) / (gradient**2).sum(axis=0)
        np.add.at(jacobian, (owner_a, a), share)
        np.add.at(jacobian, (owner_a, b), -share)
        np.add.at(jacobian, (owner_b, b), share)
        np.add.at(jacobian, (owner_b, a), -share)
    step = np.linalg.lstsq(jacobian, lack, rcond=1e-9)[0]
    return np.asarray(step - step.mean(), dtype=np.float64)


def cells(
    outline: shapely.Geometry, sites: Sites, weights: Floats, areas: Floats, tolerance: float
) -> tuple[NDArray[np.object_], float]:
    """Trace the cells and correct the weights until the polygons themselves have the areas.

    Returns
    -------
    polygons : ndarray of Polygon, shape (n,)
        [m]
    error : float
        Largest relative error of an area; infinite when a cell is not whole. [1]
    """
    nodes = grid(outline, areas.min(), FINE_NODES, NODES_PER_SMALLEST[1])
    best: tuple[NDArray[np.object_], float] = (np.empty(0, dtype=object), np.inf)
    for _ in range(CORRECTIONS):
        label, owner = _owners(sites, weights, nodes)
        polygons = _trace(outline, sites, weights, nodes, label)
        have = shapely.area(polygons)
        error = float(np.max(np.abs(have - areas) / areas))
        whole = bool(np.all(shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON))
        if whole and error < best[1]:
            best = (polygons, error)
        if best[1] < tolerance:
            break
        weights = weights + _newton_step(sites, nodes, label, owner, areas - have)
    return best


def _trace(outline: shapely.Geometry, sites: Sites, weights: Floats, nodes: Grid, label: Ints) -> NDArray[np.object_]:
    """Return the cells as polygons that share their vertices."""
    borders = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(_segments(sites, weights, nodes, label))))
    lines = shapely.union_all([shapely.intersection(borders, outline.buffer(nodes.step)), outline.boundary])
    faces = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))), dtype=object)
    points = shapely.point_on_surface(faces)
    kept = shapely.contains(outline, points)
    faces, points = faces[kept], points[kept]
    found = sites.nearest(weights, shapely.get_x(points), shapely.get_y(points))
    found = _without_strays(faces, found)
    polygons = np.array(
        [shapely.coverage_union_all(faces[found == i]) for i in range(len(sites.centres))], dtype=object
    )
    polygons = np.array([_single(p) for p in polygons], dtype=object)
    smooth: NDArray[np.object_] = shapely.coverage_simplify(polygons, nodes.step / 12, simplify_boundary=False)
    return smooth


def _single(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(geometry)
    return parts[0] if len(parts) == 1 else geometry


def _without_strays(faces: NDArray[np.object_], label: Ints) -> Ints:
    """Give every face outside its cell's largest connected part to the neighbour with the longest common border."""
    tree = shapely.STRtree(faces)
    left, right = tree.query(faces, predicate="intersects")
    left, right = left[left < right], right[left < right]
    common = shapely.length(shapely.intersection(faces[left], faces[right]))
    left, right, common = left[common > 0], right[common > 0], common[common > 0]
    area = shapely.area(faces)
    label = label.copy()
    for _ in range(len(faces)):
        part = np.arange(len(faces))
        same = label[left] == label[right]
        for _ in range(len(faces)):
            low = np.minimum(part[left[same]], part[right[same]])
            before = part.copy()
            np.minimum.at(part, left[same], low)
            np.minimum.at(part, right[same], low)
            if np.array_equal(before, part):
                break
        size = np.bincount(part, weights=area, minlength=len(faces))
        largest = np.zeros(label.max() + 1)
        np.maximum.at(largest, label, size[part])
        stray = np.flatnonzero(size[part] < largest[label])
        if not stray.size:
            break
        first = stray[np.argmin(size[part[stray]])]
        members = part == part[first]
        touch = members[left] != members[right]
        if not touch.any():
            break
        outer = np.where(members[left[touch]], label[right[touch]], label[left[touch]])
        label[members] = np.bincount(outer, weights=common[touch]).argmax()
    return label


def _segments(sites: Sites, weights: Floats, nodes: Grid, label: Ints) -> Floats:
    """Return border segments, shape (m, 2, 2), one or three in every triangle of nodes with two or three cells. [m]"""
    ny, nx = label.shape
    number = np.arange(ny * nx).reshape(ny, nx)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    triangles = np.concatenate(
        [np.stack([a, b, c], axis=-1).reshape(-1, 3), np.stack([a, d, c], axis=-1).reshape(-1, 3)]
    )
    flat = label.ravel()
    corner = flat[triangles]
    mixed = (corner[:, 0] != corner[:, 1]) | (corner[:, 1] != corner[:, 2])
    triangles, corner = triangles[mixed], corner[mixed]
    # Edges in one fixed order of their ends, so that two triangles meet in the very same point.
    edge = np.sort(np.stack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]], axis=1), axis=2)
    x, y = nodes.x[edge % nx], nodes.y[edge // nx]
    first, second = flat[edge[..., 0]], flat[edge[..., 1]]
    points = _crossings(sites, weights, x, y, first, second)
    crossed = first != second
    two = crossed.sum(axis=1) == 2  # noqa: PLR2004 - one border passes
    pairs = points[two][crossed[two]].reshape(-1, 2, 2)
    three = points[~two]
    middle = np.repeat(three.mean(axis=1)[:, None, :], 3, axis=1)
    return np.concatenate([pairs, np.stack([three, middle], axis=2).reshape(-1, 2, 2)])


def _crossings(sites: Sites, weights: Floats, x: Floats, y: Floats, first: Ints, second: Ints) -> Floats:
    """Return where f_first = f_second between two nodes, shape (m, 3, 2); the function is a parabola there. [m]"""

    def gap(share: Floats | float) -> Floats:
        px, py = x[..., 0] + share * (x[..., 1] - x[..., 0]), y[..., 0] + share * (y[..., 1] - y[..., 0])
        return sites.costs(first, px, py) - weights[first] - sites.costs(second, px, py) + weights[second]

    start, end = gap(0.0), gap(1.0)
    spread = np.where(first == second, 1.0, end - start)
    low, high = np.zeros_like(start), np.ones_like(start)
    share = np.clip(-start / spread, 0.0, 1.0)
    for _ in range(12):
        value = gap(share)
        low, high = np.where(value < 0, share, low), np.where(value < 0, high, share)
        share = 0.5 * (low + high)
    share = np.clip(share, 1e-3, 1 - 1e-3)
    return np.stack([x[..., 0] + share * (x[..., 1] - x[..., 0]), y[..., 0] + share * (y[..., 1] - y[..., 0])], axis=-1)
