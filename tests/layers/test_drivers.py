from __future__ import annotations

import subprocess
import sys

import pyogrio
import pytest
from pyogrio.errors import DataSourceError

from changping_geo.layers.drivers import DRIVERS, check_content, lock_drivers, safe_path
from changping_geo.model import SourceError

VRT = '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
PROBE = """
import sys, pyogrio
before = len(pyogrio.read_dataframe(sys.argv[1]))
from changping_geo.layers.drivers import lock_drivers
lock_drivers()
try:
    after = len(pyogrio.read_dataframe(sys.argv[1]))
except Exception as error:
    after = type(error).__name__
print(before, after, len(pyogrio.read_dataframe(sys.argv[2])))
"""


def test_only_the_listed_drivers_are_left():
    allowed = {name for names in DRIVERS.values() for name in names}
    assert set(lock_drivers()) == set(pyogrio.list_drivers()) == allowed


def test_a_virtual_data_set_is_read_before_and_refused_after(kit):
    """The probe shows that the lock itself holds, also when the content was not looked at."""
    target = kit.root.parent / "s.geojson"
    kit.squares().to_crs(4326).to_file(target)
    disguised = kit.file("r.geojson")
    disguised.write_text(VRT.format(target))
    found = subprocess.run(
        [sys.executable, "-c", PROBE, str(disguised), str(target)], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["6", "DataSourceError", "6"]


@pytest.mark.parametrize(
    "text", ["<GPX/>", '{"type": "Topology", "objects": {}}', "id,WKT\n1,POINT (1 1)\n", "0\nSECTION"]
)
def test_formats_that_are_not_listed_cannot_be_opened_at_all(tmp_path, text):
    lock_drivers()
    path = tmp_path / "x.dat"
    path.write_text(text)
    with pytest.raises(DataSourceError):
        pyogrio.read_dataframe(path)


def test_the_network_stays_closed():
    lock_drivers()
    with pytest.raises(DataSourceError):
        pyogrio.read_dataframe("/vsicurl/http://127.0.0.1:9/x.geojson")


def test_a_file_of_the_workspace_is_found_also_through_an_inner_link(kit):
    kit.squares().to_file(kit.file("r.gpkg"))
    kit.file("alias.gpkg").symlink_to(kit.file("r.gpkg"))
    assert safe_path(kit.root, "data_raw/r.gpkg") == safe_path(kit.root, "data_raw/alias.gpkg")


def test_chinese_names_and_blanks_are_fine(kit):
    kit.squares().to_file(kit.file("建筑 屋顶 [1].gpkg"))
    assert len(kit.load("建筑 屋顶 [1].gpkg").data) == 6


def test_a_large_text_is_refused_before_it_is_read(kit):
    path = kit.file("r.geojson")
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(SourceError, match="MB"):
        check_content(path, "geojson")
