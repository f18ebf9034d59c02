"""The same key means that there is nothing to do; so anything that a number rests on must change it."""

from __future__ import annotations

import shutil
import string

import geopandas as gpd
import pytest

from changping_geo import content
from changping_geo.errors import SpecError
from changping_geo.sources import synthetic
from changping_geo.workspace import Workspace


def key(root, analyses=("rooftop_pv",), **settings):
    return content.run_key(root, analyses, settings)


def test_a_key_repeats_and_is_short(workspace):
    assert key(workspace) == key(workspace)
    assert len(key(workspace)) == 16
    assert set(key(workspace)) <= set(string.hexdigits)


@pytest.mark.parametrize("path", ["data_raw/rooftops.geojson", "layers/district.toml", "data_raw/climate_monthly.csv"])
def test_a_changed_file_changes_the_key(workspace, path):
    before = key(workspace)
    file = workspace / path
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert key(workspace) != before


def test_a_touched_file_does_not(workspace):
    before = key(workspace)
    (workspace / "data_raw" / "rooftops.geojson").touch()
    assert key(workspace) == before


@pytest.mark.parametrize("room", ["analyses/extra.py", "layers/extra.toml", "maps/extra.toml", "data_raw/extra.csv"])
def test_an_added_file_changes_the_key(workspace, room):
    before = key(workspace)
    (workspace / room).parent.mkdir(exist_ok=True)
    (workspace / room).write_text("", encoding="utf-8")
    assert key(workspace) != before


def test_results_and_caches_are_no_input(workspace):
    before = key(workspace)
    for folder in ("results", ".cache"):
        (workspace / folder).mkdir()
        (workspace / folder / "file.txt").write_text("x", encoding="utf-8")
    assert key(workspace) == before


def test_settings_change_the_key_by_value_not_by_spelling(workspace):
    assert key(workspace, **{"a.b": "0.6"}) == key(workspace, **{"a.b": 0.60})
    assert key(workspace, **{"a.b": "0.6"}) != key(workspace, **{"a.b": "0.61"})
    assert key(workspace, **{"a.b": "0.6"}) != key(workspace)


def test_an_edit_anywhere_in_the_package_changes_the_key(workspace, tmp_path, monkeypatch):
    package = tmp_path / "package"
    shutil.copytree(content.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(content, "standard_root", lambda: tmp_path / "nowhere")
    monkeypatch.setattr(content, "PACKAGE", package)
    before = key(workspace)
    for name in ("model.py", "geo/__init__.py", "solar/__init__.py"):
        file = package / name
        file.write_text(file.read_text(encoding="utf-8") + "# edit\n", encoding="utf-8")
        assert key(workspace) != before
        before = key(workspace)


def test_a_map_key_in_the_environment_is_an_input_but_not_readable(workspace, monkeypatch):
    before = key(workspace)
    monkeypatch.setenv("TIANDITU_KEY", "secret")
    assert key(workspace) != before


def test_library_versions_are_part_of_it():
    libraries = content.libraries()
    assert {"geopandas", "numpy", "pvlib", "shapely", "changping-geo"} <= set(libraries)
    assert "mypy" not in libraries


def test_the_workspace_stands_in_front_of_the_standard_rooms(workspace):
    (workspace / "layers" / "rooftops.toml").write_text("", encoding="utf-8")
    rooms = content.room(workspace, "layers", ".toml")
    assert rooms["rooftops"] == workspace / "layers" / "rooftops.toml"
    assert rooms["roads"] == content.standard_root() / "layers" / "roads.toml"


def test_the_frame_is_never_borrowed(tmp_path):
    assert "district" not in content.room(tmp_path, "layers", ".toml")


def two_in_each_house(context):
    """People as a provider may make them: from towns and rooftops."""
    context.layer("towns")
    roofs = context.layer("rooftops")
    people = gpd.GeoDataFrame({"point_id": roofs["roof_id"], "persons": 2.0}, geometry=roofs.representative_point())
    return people.set_crs(roofs.crs)


@pytest.fixture
def population_files(workspace, monkeypatch):
    """Which files the made layer of people is kept in, after it was asked for."""
    (workspace / "data_raw" / "population.geojson").unlink()
    monkeypatch.setattr(synthetic, "population", two_in_each_house)
    monkeypatch.setattr(two_in_each_house, "__module__", synthetic.__name__)

    def kept(**chosen):
        Workspace(workspace, chosen).layer("population")
        return {p.stem for p in (workspace / ".cache").glob("population-*.parquet")}

    return kept


def add_a_line(file):
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def test_a_made_layer_is_taken_again_while_a_file_changes_that_it_does_not_rest_on(workspace, population_files):
    first = population_files()
    add_a_line(workspace / "data_raw" / "emission_factors.csv")
    assert population_files() == first


@pytest.mark.parametrize("path", ["data_raw/rooftops.geojson", "data_raw/towns.geojson"])
def test_a_made_layer_is_made_again_when_a_file_changes_that_it_rests_on(workspace, population_files, path):
    first = population_files()
    add_a_line(workspace / path)
    assert len(population_files() - first) == 1


def test_a_made_layer_is_made_again_when_a_contract_changes_that_it_rests_on(workspace, population_files):
    first = population_files()
    standard = (content.standard_root() / "layers" / "rooftops.toml").read_text(encoding="utf-8")
    (workspace / "layers" / "rooftops.toml").write_text(standard + "# edit\n", encoding="utf-8")
    assert len(population_files() - first) == 1


def test_layers_of_two_chosen_sources_are_kept_beside_each_other(workspace, population_files):
    first = population_files()
    twin = (content.standard_root() / "layers" / "rooftops.toml").read_text(encoding="utf-8")
    twin += '\n[[sources]]\nid = "later"\npath = "data_raw/later.geojson"\nstatus = "open"\n'
    (workspace / "layers" / "rooftops.toml").write_text(twin, encoding="utf-8")
    shutil.copy(workspace / "data_raw" / "rooftops.geojson", workspace / "data_raw" / "later.geojson")
    now = population_files()
    both = population_files(rooftops="later")
    assert first < now < both
    assert population_files() == population_files(rooftops="later") == both


def test_a_chosen_source_must_be_one_of_the_layer(workspace):
    with pytest.raises(SpecError, match=r"layers.rooftops = 'x': sources are delivered, .*synthetic"):
        Workspace(workspace, {"rooftops": "x"})
    with pytest.raises(SpecError, match=r"layers.rooftop = 'x': layers are "):
        Workspace(workspace, {"rooftop": "x"})


def test_a_table_of_methods_is_borrowed_until_the_workspace_has_its_own(workspace):
    ws = Workspace(workspace)
    assert not (workspace / "data_raw" / "methods").exists()
    standard = ws.layer("carbon_volume").data
    (workspace / "data_raw" / "methods").mkdir()
    text = (content.standard_root() / content.METHODS / "carbon_volume.csv").read_text(encoding="utf-8")
    own = "\n".join(text.splitlines()[:3]) + "\n"
    (workspace / "data_raw" / "methods" / "carbon_volume.csv").write_text(own, encoding="utf-8")
    assert len(Workspace(workspace).layer("carbon_volume").data) == 2 < len(standard)
