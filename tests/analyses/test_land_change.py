"""A square kilometre of shrub that became wood, ten hectares of wood that were built over: counted by town."""

from __future__ import annotations

import pytest

from changping_geo.model import ColumnError, CrsError, ParameterError

NW, NE = "130999003000", "130999004000"
LAYERS = ("towns", "land_cover", "land_cover_before", "carbon_density")


@pytest.fixture(scope="module")
def run(load, shishan):
    analysis = load("land_change")

    def compute(layers=None, **parameters):
        return analysis.compute(**{name: shishan(name) for name in LAYERS} | (layers or {}), **parameters)

    return compute


def test_gains_and_losses_stand_where_they_were(run):
    by_town = run().by_town
    assert by_town.loc[NE, ["tree_gain_ha", "tree_loss_ha", "changed_ha"]].tolist() == pytest.approx([100, 0, 100])
    assert by_town.loc[NW, ["tree_gain_ha", "tree_loss_ha", "built_net_ha"]].tolist() == pytest.approx([0, 10, 10])
    assert by_town.loc["district", "unchanged_ha"] == pytest.approx(10_000 - 110)
    assert by_town.loc["district", "changed_share"] == pytest.approx(0.011)


def test_the_carbon_of_a_change_is_its_area_times_the_difference_of_densities(run):
    by_town = run(year_before=2012, year_after=2022).by_town
    shrub, trees = 7.59 + 4.0 + 0.8, 32.35 + 1.9
    assert by_town.loc[NE, "cover_change_t_c"] == pytest.approx(100 * (trees - shrub))
    assert by_town.loc[NW, "cover_change_t_c"] == pytest.approx(-10 * trees)
    assert by_town.loc["district", "cover_change_t_c_a"] == pytest.approx((100 * (trees - shrub) - 10 * trees) / 10)


def test_transitions_are_told_in_words(run):
    table = run().tables["transitions"].set_index("town_code")
    assert table.loc[NE, ["class_before_en", "class_after_zh"]].tolist() == ["shrubland", "林地"]
    assert table["area_ha"].sum() == pytest.approx(110)


def test_patches_and_map_show_the_same_change(run):
    made = run()
    patches = made.made["land_change_patches"].data
    assert patches["patch_ha"].tolist() == pytest.approx([100, 10])
    assert patches["class_after"].tolist() == ["10", "50"]
    grid = made.rasters["land_cover_change"]
    cells = grid.data.to_numpy()
    assert (cells > 1).sum() == 110
    assert grid.classes[11][:2] == ("灌木 → 林地", "shrubland → tree cover")


def test_nothing_changed_is_no_error(run, shishan):
    same = run({"land_cover_before": shishan("land_cover")})
    assert same.by_town.loc["district", "changed_ha"] == 0.0
    assert len(same.made["land_change_patches"].data) == 0


def test_cells_without_a_value_are_told_apart(run, shishan):
    before = shishan("land_cover_before")
    before[:10, :10] = 0
    by_town = run({"land_cover_before": before}).by_town
    assert by_town.loc[NW, "unknown_ha"] == pytest.approx(100)
    assert by_town.loc["district", "unchanged_ha"] == pytest.approx(10_000 - 110 - 100)


def test_an_unknown_class_is_refused_with_its_number(run, shishan):
    before = shishan("land_cover_before")
    before[0, 0] = 77
    with pytest.raises(ColumnError, match="77"):
        run({"land_cover_before": before})


def test_two_grids_are_refused_unless_the_planner_allows_it(run, shishan):
    coarse = shishan("land_cover_before")
    coarse = coarse.copy(data=coarse.to_numpy())
    coarse.attrs["transform"] = (100.0, 0.0, 500_010.0, 0.0, -100.0, 4_460_000.0)
    with pytest.raises(CrsError, match="warp"):
        run({"land_cover_before": coarse})
    assert run({"land_cover_before": coarse}, allow_warp=True).by_town.loc["district", "changed_ha"] > 0


def test_a_raster_without_a_crs_is_refused(run, shishan):
    before = shishan("land_cover_before")
    before.attrs["crs"] = ""
    with pytest.raises(CrsError):
        run({"land_cover_before": before})


def test_years_in_the_wrong_order_are_refused(run):
    with pytest.raises(ParameterError, match="not after year_before"):
        run(year_before=2022, year_after=2022)
