"""The horizon around each cell: walls by hand, turning, mirroring, the plain account, tiles, mountains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError
from changping_geo.solar.horizon import (
    BOUNDS,
    EARTH_RADIUS_M,
    HOLE,
    Sight,
    buckets,
    horizons,
    in_degrees,
    in_half_degrees,
    together,
)
from changping_geo.solar.horizon_tiles import Raster, far_horizons, survey, tiles
from changping_geo.solar.scanlines import directions, heading, scan_lines
from changping_geo.solar.surface import surface

METRIC = "EPSG:32650"
NORTH_UP = (1.0, 0.0, 500_000.0, 0.0, -1.0, 4_400_000.0)
CARDINAL = np.array([0.0, 90.0, 180.0, 270.0])
ALL = directions(36)


def ground(heights, transform=NORTH_UP, **how):
    return surface(np.asarray(heights, dtype=float), transform, METRIC, **how)


def town(seed=0, shape=(40, 50)):
    """Uneven ground with some flat-roofed blocks."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0.0, 0.5, shape)
    for _ in range(8):
        r, c = rng.integers(0, shape[0] - 5), rng.integers(0, shape[1] - 5)
        z[r : r + 6, c : c + 7] = rng.integers(5, 40)
    return z.astype(np.float32)


def test_on_flat_ground_the_horizon_is_level():
    assert not horizons(ground(np.full((12, 9), 43.5)), directions(72)).any()


@pytest.mark.parametrize("height", [1.0, 7.0, 30.0])
@pytest.mark.parametrize("azimuth", [0, 90, 180, 270])
def test_a_wall_stands_at_the_arc_tangent_of_height_over_distance(height, azimuth):
    size = 21
    z = np.zeros((size, size))
    place = {0: (0, slice(None)), 90: (slice(None), -1), 180: (-1, slice(None)), 270: (slice(None), 0)}
    z[place[azimuth]] = height
    for distance in (1, 4, 19):
        cell = {0: (distance, 10), 90: (10, 20 - distance), 180: (20 - distance, 10), 270: (10, distance)}[azimuth]
        (seen,) = horizons(ground(z), np.array([float(azimuth)]), units="degrees")
        assert seen[cell] == pytest.approx(np.degrees(np.arctan(height / distance)), abs=1e-4)


def test_a_wall_seen_at_a_slant_is_farther_away():
    z = np.zeros((60, 101))
    z[0] = 10.0
    (seen,) = horizons(ground(z), np.array([30.0]), units="degrees")
    assert seen[40, 50] == pytest.approx(np.degrees(np.arctan(10 / (40 / np.cos(np.radians(30))))), abs=0.1)


def test_only_the_higher_of_two_walls_in_a_row_counts():
    z = [[0.0, 0.0, 3.0, 0.0, 0.0, 4.0]]  # 3 at 2 cells is steeper than 4 at 5 cells
    (seen,) = horizons(ground(z), np.array([90.0]), units="degrees")
    tangents = [3 / 2, 3 / 1, 1 / 3, 4 / 2, 4 / 1, 0.0]
    assert seen[0] == pytest.approx(np.degrees(np.arctan(tangents)), abs=1e-4)


def test_oblong_cells_are_as_long_as_they_are():
    z = np.zeros((5, 5))
    z[0], z[:, 4] = 6.0, 6.0
    seen = horizons(ground(z, (2.0, 0, 0, 0, -3.0, 0)), CARDINAL[:2], units="degrees")
    assert seen[:, 2, 2] == pytest.approx(np.degrees(np.arctan([6 / (2 * 3), 6 / (2 * 2)])), abs=1e-4)


def test_angles_are_rounded_to_the_nearest_half_degree():
    exact = horizons(ground(town()), ALL, units="degrees")
    half = horizons(ground(town()), ALL)
    assert half.dtype == np.uint8
    assert np.abs(half * 0.5 - exact).max() <= 0.2501
    assert in_half_degrees(exact) == pytest.approx(half)
    assert in_degrees(np.array([3, HOLE], np.uint8)) == pytest.approx([1.5, np.nan], nan_ok=True)


def test_the_buckets_hold_at_most_one_bound_of_a_half_degree():
    share = np.sort(BOUNDS[:-1] / (1 + BOUNDS[:-1]))
    assert np.diff(share).min() > 1 / (buckets().size - 1)
    tangents = np.concatenate([BOUNDS[:-1], np.nextafter(BOUNDS[:-1], np.float32(0)), np.geomspace(1e-6, 1e6, 5000)])
    z = np.zeros((tangents.size, 2))
    z[:, 1] = tangents * 1e-3  # a step of 1 mm keeps steep slopes below the highest height on earth
    (seen,) = horizons(ground(z, (1e-3, 0, 0, 0, -1e-3, 0)), np.array([90.0]))
    rise = z[:, 1].astype(np.float32) * np.float32(1e3)
    assert (seen[:, 0] == np.searchsorted(BOUNDS, rise, side="right")).mean() > 0.95  # ties may fall to either side
    assert np.abs(seen[:, 0].astype(int) - np.searchsorted(BOUNDS, rise, side="right")).max() <= 1


def turned(found, quarter, count):
    """Horizons of a raster turned clockwise by quarters, brought back to the raster's cells and directions."""
    back = np.roll(found, -quarter * count // 4, axis=0)
    return np.rot90(back, quarter, axes=(1, 2))


@pytest.mark.parametrize("shape", [(40, 50), (41, 31)])
def test_turning_the_raster_by_quarters_turns_the_horizons(shape):
    z = town(1, shape)
    straight = horizons(ground(z), directions(72))
    for quarter in (1, 2, 3):
        clockwise = np.rot90(z, -quarter)
        assert np.array_equal(turned(horizons(ground(clockwise), directions(72)), quarter, 72), straight)


@pytest.mark.parametrize("shape", [(40, 50), (41, 31)])
def test_mirroring_the_raster_mirrors_the_horizons(shape):
    z = town(2, shape)
    mirrored = horizons(ground(z[:, ::-1]), directions(72))
    assert np.array_equal(mirrored[(-np.arange(72)) % 72][:, :, ::-1], horizons(ground(z), directions(72)))


def test_the_order_of_rows_and_columns_does_not_matter():
    z = town(3)
    expected = horizons(ground(z), ALL)
    south_up = horizons(ground(z[::-1], (1.0, 0, 0, 0, 1.0, 0)), ALL)
    westward = horizons(ground(z[:, ::-1], (-1.0, 0, 0, 0, -1.0, 0)), ALL)
    assert np.array_equal(south_up[:, ::-1], expected)
    assert np.array_equal(westward[:, :, ::-1], expected)


def test_scale_and_level_do_not_matter():
    z = np.round(town(4) * 4) / 4
    expected = horizons(ground(z), ALL, units="degrees")
    larger = horizons(ground(z * 100, (100.0, 0, 0, 0, -100.0, 0)), ALL, units="degrees")
    deeper = horizons(ground(z - 200.0), ALL, units="degrees")
    assert larger == pytest.approx(expected, abs=1e-3)
    assert deeper == pytest.approx(expected, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 60.0))
def test_raising_an_obstacle_lowers_no_horizon_but_its_own(seed, more):
    rng = np.random.default_rng(seed)
    z = town(seed, (16, 18))
    r, c = rng.integers(0, 16), rng.integers(0, 18)
    higher = z.copy()
    higher[r, c] += more
    change = horizons(ground(higher), ALL).astype(int) - horizons(ground(z), ALL)
    assert (change[:, r, c] <= 0).all()
    change[:, r, c] = 0
    assert (change >= 0).all()


SIGHTS = [Sight(), Sight(smooth=True), Sight(curved=True), Sight(nearest_m=4.0), Sight(curved=True, nearest_m=7.5)]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 24),
    st.integers(1, 24),
    st.sampled_from([(1.0, -1.0), (2.0, 1.3), (0.5, -3.0)]),
    st.sampled_from(SIGHTS),
    st.integers(0, 2**31),
)
def test_the_sweep_finds_what_looking_at_every_cell_finds(rows, cols, cell, sight, seed):
    rng = np.random.default_rng(seed)
    z = np.where(rng.random((rows, cols)) < 0.2, rng.uniform(0, 30, (rows, cols)), rng.normal(0, 1, (rows, cols)))
    z[rng.random((rows, cols)) < 0.05] = np.nan
    place = ground(z, (cell[0], 0, 0, 0, cell[1], 0), holes="no_obstacle")
    swept = horizons(place, ALL, sight=sight, units="degrees")
    plain = horizons(place, ALL, sight=sight, units="degrees", engine="numpy")
    assert swept == pytest.approx(plain, abs=2e-3, nan_ok=True)  # the bend is taken off before or after subtracting
    assert np.array_equal(np.isnan(swept), np.broadcast_to(np.isnan(z), swept.shape))


def march(z, azimuth, step=0.25):
    """Walk from each cell in small steps over ground that slopes evenly from cell to cell."""
    rows, cols = np.mgrid[0 : z.shape[0], 0 : z.shape[1]]
    east, north = heading(azimuth)
    seen = np.zeros(z.shape)
    for t in np.arange(1.0, 1.5 * max(z.shape), step):
        r, c = rows - t * north, cols + t * east
        inside = (r >= 0) & (r <= z.shape[0] - 1) & (c >= 0) & (c <= z.shape[1] - 1)
        r0, c0 = (np.clip(np.floor(v).astype(int), 0, n - 2) for v, n in zip((r, c), z.shape, strict=True))
        dr, dc = r - r0, c - c0
        upper = z[r0, c0] * (1 - dc) + z[r0, c0 + 1] * dc
        lower = z[r0 + 1, c0] * (1 - dc) + z[r0 + 1, c0 + 1] * dc
        seen = np.maximum(seen, np.where(inside, (upper * (1 - dr) + lower * dr - z) / t, 0.0))
    return np.degrees(np.arctan(seen))


@pytest.mark.parametrize("azimuth", [30.0, 65.0, 200.0, 245.0, 330.0])
def test_on_hills_the_sweep_agrees_with_a_walk_along_the_ray(azimuth):
    y, x = np.mgrid[0:80, 0:80]
    z = 10 * np.sin(x / 17) + 8 * np.cos(y / 19) + 0.1 * x
    (seen,) = horizons(ground(z), np.array([azimuth]), sight=Sight(smooth=True), units="degrees")
    error = seen - march(z, azimuth)
    assert np.abs(error).mean() < 0.25
    assert abs(error.mean()) < 0.1


def test_it_agrees_with_an_independent_tool():
    """Made by topocalc 0.5.0; both take the same cells in the cardinal directions and along a diagonal.

    First line: -1 and heights [0.1 m]; then an azimuth and horizons [0.01 degrees], row by row of a square raster.
    """
    kept = np.loadtxt(Path(__file__).parent / "topocalc_0_5_0.csv", delimiter=",")
    size = round(np.sqrt(kept.shape[1] - 1))
    heights, azimuths = kept[0, 1:].reshape(size, size) / 10, kept[1:, 0]
    expected = kept[1:, 1:].reshape(-1, size, size) / 100
    seen = horizons(ground(heights), azimuths, units="degrees")
    same_cells = azimuths % 45 == 0
    assert same_cells.sum() == 5
    assert np.abs(seen - expected)[same_cells].max() < 0.01  # kept in hundredths
    assert np.median(np.abs(seen - expected)[~same_cells]) < 0.5


def test_lines_pass_through_every_cell_once():
    for azimuth in directions(24):
        lines = scan_lines((13, 17), (-2.0, 1.5), float(azimuth))
        shape = (17, 13) if lines.transposed else (13, 17)
        met = np.zeros(shape, int)
        for k, (first, last) in enumerate(zip(lines.first, lines.last, strict=True)):
            columns = np.arange(first, last)
            met[lines.lowest + k + lines.offset[columns], columns] += 1
        assert (met == 1).all()


def test_an_unknown_height_hides_nothing_and_has_no_horizon():
    z = np.array([[0.0, np.nan, 5.0], [0.0, 0.0, 5.0]])
    with pytest.raises(ColumnError, match=r"1 of 6 cells have no height.*no_obstacle"):
        ground(z)
    (seen,) = horizons(ground(z, holes="no_obstacle"), np.array([90.0]))
    assert seen[0].tolist() == [round(2 * np.degrees(np.arctan(5 / 2))), HOLE, 0]


def test_mountains_sink_behind_the_curved_earth():
    far = np.zeros((1, 1001))
    far[0, -1] = 1000.0
    place = ground(far, (100.0, 0, 0, 0, -100.0, 0))
    east = np.array([90.0])
    flat = horizons(place, east, units="degrees")[0, 0, 0]
    curved = horizons(place, east, sight=Sight(curved=True), units="degrees")[0, 0, 0]
    distance = 100_000.0
    fall = 0.87 * distance**2 / (2 * EARTH_RADIUS_M)
    assert flat == pytest.approx(np.degrees(np.arctan(1000 / distance)), abs=1e-4)
    assert curved == pytest.approx(np.degrees(np.arctan((1000 - fall) / distance)), abs=1e-3)
    assert horizons(place, east, sight=Sight(curved=True, refraction=0.0), units="degrees")[0, 0, 0] < curved


def test_near_obstacles_can_be_left_to_a_finer_raster():
    z = np.zeros((1, 30))
    z[0, 3], z[0, 20] = 10.0, 12.0
    seen = horizons(ground(z), np.array([90.0]), sight=Sight(nearest_m=5.0), units="degrees")
    assert seen[0, 0, 0] == pytest.approx(np.degrees(np.arctan(12 / 20)), abs=1e-4)


class Memory:
    """A store that keeps tiles in a dictionary."""

    def __init__(self):
        self.kept = {}

    def has(self, tile):
        return tile.name in self.kept

    def put(self, tile, found):
        self.kept[tile.name] = found


@pytest.mark.parametrize("smooth", [False, True])
def test_tiles_with_a_wide_halo_hold_the_whole(smooth):
    z = town(5, (45, 52))
    raster = Raster(z.shape, NORTH_UP, METRIC)
    store = Memory()
    sight = Sight(smooth=smooth)
    steps = list(survey(lambda r, c: z[r, c], raster, ALL, store, size=20, halo=60, sight=sight))
    whole = horizons(ground(z), ALL, sight=sight)
    assert [(s.done, s.of, s.fresh) for s in steps] == [(n, 9, True) for n in range(1, 10)]
    for tile in tiles(z.shape, 20):
        assert np.array_equal(store.kept[tile.name], whole[:, tile.rows, tile.cols])


def test_a_narrow_halo_only_lowers_horizons():
    z = town(6, (45, 52))
    store = Memory()
    list(survey(lambda r, c: z[r, c], Raster(z.shape, NORTH_UP, METRIC), ALL, store, size=15, halo=4))
    whole = horizons(ground(z), ALL)
    for tile in tiles(z.shape, 15):
        assert (store.kept[tile.name] <= whole[:, tile.rows, tile.cols]).all()


def test_a_survey_is_taken_up_where_it_was_left():
    z = town(7, (30, 30))
    raster, store, reads = Raster(z.shape, NORTH_UP, METRIC), Memory(), []

    def read(rows, cols):
        reads.append((rows, cols))
        return z[rows, cols]

    first = survey(read, raster, ALL, store, size=10, halo=5)
    for _ in range(4):
        next(first)
    first.close()
    again = list(survey(read, raster, ALL, store, size=10, halo=5))
    assert [s.fresh for s in again] == [False] * 4 + [True] * 5
    assert len(reads) == 9


def test_tiles_without_wanted_cells_are_not_read():
    z = town(8, (30, 30))
    mask = np.zeros(z.shape, bool)
    mask[3, 4] = mask[7, 2] = True
    store, reads = Memory(), []

    def read(rows, cols):
        reads.append(rows)
        return z[rows, cols]

    raster = Raster(z.shape, NORTH_UP, METRIC)
    list(survey(read, raster, ALL, store, size=15, halo=30, wanted=lambda t: mask[t.rows, t.cols]))
    whole = horizons(ground(z), ALL)
    assert len(reads) == 1
    assert np.array_equal(store.kept["r000000_c000000"], whole[:, [3, 7], [4, 2]].T)
    assert store.kept["r000015_c000015"].shape == (0, 36)


def test_far_and_near_are_combined_by_the_higher():
    far = np.zeros((41, 41))
    far[:, 30:] = 300.0  # a ridge 1 km to the east of the middle
    coarse = surface(far, (100.0, 0, 0, 0, -100.0, 4100.0), METRIC)
    east_west = np.array([90.0, 270.0])
    x = y = np.array([2050.0])
    mountains = far_horizons(coarse, east_west, x, y)
    assert mountains.tolist() == [[round(2 * np.degrees(np.arctan(300 / 1000))), 0]]
    assert together(mountains, np.array([[10, 44]], np.uint8)).tolist() == [[33, 44]]


def test_far_horizons_lie_between_those_of_the_cells_around():
    coarse = surface(np.array([[0.0, 0.0, 0.0, 50.0]]), (100.0, 0, 0, 0, -100.0, 0), METRIC)
    x, y = np.array([50.0, 75.0, 150.0]), np.full(3, -50.0)
    bilinear = far_horizons(coarse, np.array([90.0]), x, y)
    nearest = far_horizons(coarse, np.array([90.0]), x, y, method="nearest")
    at = np.degrees(np.arctan([50 / 300, 50 / 200]))
    expected = [at[0], 0.75 * at[0] + 0.25 * at[1], at[1]]
    assert bilinear[:, 0].tolist() == np.round(np.array(expected) * 2).tolist()
    assert nearest[:, 0].tolist() == np.round(2 * at[[0, 0, 1]]).tolist()


def test_points_outside_the_far_field_are_told():
    coarse = surface(np.zeros((3, 3)), (100.0, 0, 0, 0, -100.0, 0), METRIC)
    with pytest.raises(GeometryError, match="1 of 2 points lie outside"):
        far_horizons(coarse, CARDINAL, np.array([150.0, 301.0]), np.array([-150.0, -150.0]))


def test_without_a_compiler_the_plain_account_is_taken(monkeypatch):
    z = town(9, (12, 14))
    expected = horizons(ground(z), ALL)
    monkeypatch.setattr("changping_geo.solar.horizon.compiled", lambda: None)
    assert np.array_equal(horizons(ground(z), ALL), expected)
    with pytest.raises(ParameterError, match="not installed"):
        horizons(ground(z), ALL, engine="numba")


def test_bad_rasters_are_refused():
    z = np.zeros((3, 3))
    with pytest.raises(CrsError, match=r"degree.*warp"):
        surface(z, NORTH_UP, "EPSG:4326")
    with pytest.raises(CrsError, match="unknown"):
        surface(z, NORTH_UP, "EPSG:0")
    with pytest.raises(GeometryError, match="turned"):
        surface(z, (1.0, 0.1, 0, 0, -1.0, 0), METRIC)
    with pytest.raises(GeometryError, match="rows and columns"):
        surface(np.zeros(3), NORTH_UP, METRIC)
    with pytest.raises(ColumnError, match="9 cells lie outside"):
        surface(z - 32768.0, NORTH_UP, METRIC)
    with pytest.raises(ColumnError, match="heights in metres"):
        surface(z + 12_000.0, NORTH_UP, METRIC)
    with pytest.raises(ParameterError, match="no_obstacle"):
        surface(z, NORTH_UP, METRIC, holes="fill")


def test_bad_wishes_are_refused():
    with pytest.raises(ParameterError, match="half_degrees"):
        horizons(ground(np.zeros((3, 3))), CARDINAL, units="radians")
    with pytest.raises(ParameterError, match="numpy"):
        horizons(ground(np.zeros((3, 3))), CARDINAL, engine="gpu")
    with pytest.raises(GeometryError, match="1 of 2 wanted cells lie outside"):
        horizons(ground(np.zeros((3, 3))), CARDINAL, at=(np.array([0, 3]), np.array([0, 0])))
    with pytest.raises(ParameterError, match="at least 4"):
        directions(3)
    with pytest.raises(ColumnError, match="1 horizons lie outside"):
        in_half_degrees(np.array([91.0]))
    raster = Raster((3, 3), NORTH_UP, METRIC)
    with pytest.raises(ParameterError, match="halo"):
        next(survey(lambda *_: np.zeros((1, 1)), raster, CARDINAL, Memory(), halo=-1))
    with pytest.raises(GeometryError, match="were read as"):
        next(survey(lambda *_: np.zeros((1, 1)), raster, CARDINAL, Memory()))
    with pytest.raises(ParameterError, match="at least one row"):
        tiles((3, 3), 0)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("smooth", [False, True])
def test_level_ground_beside_a_hole_sees_no_horizon(smooth, engine):
    z = np.full((12, 14), 50.0)
    z[:, :4] = np.nan
    seen = horizons(ground(z, holes="no_obstacle"), ALL, sight=Sight(smooth=smooth), engine=engine)
    assert (seen[:, :, :4] == HOLE).all()
    assert (seen[:, :, 4:] == 0).all()
