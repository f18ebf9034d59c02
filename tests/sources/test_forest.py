"""Forest stands and land cover: no overlap, clear of buildings, volumes near the plan's figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from changping_geo.sources import provider
from changping_geo.sources.synthetic import _facets, _raster
from changping_geo.sources.synthetic.forest import SPECIES, STOCK_SHARE
from changping_geo.sources.synthetic.land_cover import BECAME

COLUMNS = [
    "stand_id",
    "species",
    "origin",
    "age_a",
    "volume_m3_ha",
    "canopy_cover",
    "survey_year",
    "geometry",
]


def _plan(target):
    return pd.DataFrame({"indicator": ["forest_stock_volume"], "target": [target], "unit": ["m3"], "year": [2025]})


def test_stands_are_whole_and_apart_and_clear_of_the_built_up_area(made_district):
    stands = made_district.layer("forest")
    assert list(stands.columns) == COLUMNS
    assert stands["stand_id"].is_unique
    assert set(stands["species"]) <= set(SPECIES)
    assert set(stands["origin"]) <= {"natural", "planted"}
    assert stands["canopy_cover"].between(0, 1).all()
    assert stands["age_a"].between(1, 200).all()
    shapes = stands.geometry.to_numpy()
    assert (stands.geom_type == "Polygon").all()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[left[left < right]], shapes[right[left < right]]))
    assert overlap.max(initial=0.0) < 1.0
    assert stands.intersection(made_district.layer("built_up").union_all()).area.sum() < 1.0
    assert stands.within(made_district.layer("district").union_all()).all()


def test_volumes_sum_a_little_short_of_the_plan(district):
    district.layers["target_table"] = _plan(60_000.0)
    stands = district.layer("forest")
    total = (stands["volume_m3_ha"] * stands.area / 1e4).sum()
    assert total == pytest.approx(STOCK_SHARE * 60_000, rel=0.01)


def test_without_a_plan_densities_stay_those_of_the_growth_curves(made_district):
    stands = made_district.layer("forest")
    mean = (stands["volume_m3_ha"] * stands.area).sum() / stands.area.sum()
    assert 15 < mean < 120


def test_a_district_all_built_has_no_forest_and_says_so_with_the_same_columns(district):
    district.layers["built_up"] = (
        district.layers["built_up"].iloc[:1].set_geometry([district.layer("district").union_all().buffer(100)])
    )
    stands = district.layer("forest")
    assert len(stands) == 0
    assert list(stands.columns) == COLUMNS


def test_the_seed_decides_about_stands(district):
    first = provider("synthetic.forest")(district.context)
    assert first.equals(provider("synthetic.forest")(district.context))
    assert not first.equals(provider("synthetic.forest")(district.seeded(9).context))


def test_facets_keep_their_cells_when_smoothed_together():
    cells = _raster.Cells(0.0, 40.0, 10.0, (4, 4))
    facets = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2], [0, 0, 2, 2]], dtype=np.int32)
    polygons, numbers = _facets.smooth_polygons(facets, cells, 0.0)
    assert numbers.tolist() == [1, 2]
    assert shapely.coverage_is_valid(polygons)
    assert shapely.area(polygons) == pytest.approx([600, 800], rel=0.2)


def test_scraps_join_their_neighbour_and_lonely_ones_are_dropped():
    facets = np.zeros((9, 12), dtype=np.int32)
    facets[:4, :4] = 5
    facets[4, 0] = 6
    facets[8, 11] = 7
    merged = _facets.merge_scraps(facets, least=3)
    assert merged[4, 0] == merged[0, 0] > 0
    assert merged[8, 11] == 0
    assert not _facets.merge_scraps(facets, least=99).any()


def test_land_cover_has_the_codes_where_the_layers_are(made_district):
    cover = made_district.layer("land_cover")
    cells = _raster.Cells.of(cover)
    codes = cover.to_numpy()
    assert cover.dtype == np.uint8
    assert cover.attrs["nodata"] == 0
    assert set(np.unique(codes)) <= {0, 10, 20, 30, 40, 50, 60, 80, 90}
    inside = cells.burn([(made_district.layer("district").union_all(), 1)]) > 0
    assert (codes[inside] > 0).all()
    assert not codes[~inside].any()
    stand = made_district.layer("forest").geometry.iloc[0].representative_point()
    assert codes[cells.at(stand.x, stand.y)] in (10, 50, 80, 90)
    assert (codes == 80).any()
    quarter = cells.burn((g, 1) for g in made_district.layer("built_up").geometry) > 0
    assert (codes[quarter] == 50).mean() > 0.7


def test_land_cover_needs_only_outline_and_terrain(district):
    bare = {name: district.layer(name) for name in ("district", "terrain")}
    cover = provider("synthetic.land_cover")(type(district)(bare, {}).context)
    assert not (cover == 50).any()
    assert (cover == 40).any()


def test_the_land_cover_of_an_earlier_year_differs_in_patches_of_known_kinds(made_district):
    later = made_district.layer("land_cover")
    before = provider("synthetic.land_cover_before")(made_district.context)
    assert before.attrs == later.attrs
    changed = before.to_numpy() != later.to_numpy()
    assert 0.005 < changed.mean() < 0.06
    kinds = set(zip(later.to_numpy()[changed].tolist(), before.to_numpy()[changed].tolist(), strict=True))
    assert kinds <= {(after, was) for after, was, _ in BECAME}
