"""Rasters for GIS: cells, colours, labels and statistics are in the file or beside it."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio

from changping_geo.layers.rasters import as_dataarray
from changping_geo.model import ResultError
from changping_geo.present.bundle import bundle_of
from changping_geo.present.cog import raster_qml, read_cog, warped, write_cog


@pytest.fixture
def rasters(rich_run):
    return {raster.name: raster for raster in bundle_of(rich_run).rasters}


def test_classes_keep_codes_and_colours(rasters, tmp_path):
    path = tmp_path / "cover.tif"
    write_cog(rasters["cover"], path)
    given = rasters["cover"].data.to_numpy()
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (file.dtypes[0], file.nodata, file.crs.to_epsg()) == ("uint8", 255, 4547)
        assert {code: file.colormap(1)[code][:3] for code in (1, 2, 3)} == {
            1: (0x11, 0x77, 0x33),
            2: (0xDD, 0xCC, 0x77),
            3: (0xCC, 0x66, 0x77),
        }
        assert tuple(file.transform)[:6] == rasters["cover"].data.attrs["transform"]
    back = read_cog(path).to_numpy()
    assert np.array_equal(back, np.where(given == 0, 255, given))


def test_the_attribute_table_names_and_counts_the_classes(rasters, tmp_path):
    write_cog(rasters["cover"], tmp_path / "cover.tif")
    root = ET.parse(tmp_path / "cover.tif.aux.xml")  # noqa: S314 - written above
    rows = [[field.text for field in row] for row in root.iter("Row")]
    assert [row[:4] for row in rows] == [
        ["1", "1999", "林地", "forest"],
        ["2", "4000", "耕地", "cropland"],
        ["3", "4000", "建设用地", "built-up"],
    ]
    assert rows[0][4:] == ["17", "119", "51"]


def test_amounts_keep_values_unit_and_statistics(rasters, tmp_path):
    path = tmp_path / "carbon.tif"
    write_cog(rasters["carbon_density"], path)
    given = rasters["carbon_density"].data.to_numpy()
    with rasterio.open(path) as file:
        cells = file.read(1, masked=True)
        assert (file.dtypes[0], file.units[0], file.descriptions[0]) == ("float32", "t C/ha", "碳密度")
        assert float(file.tags(1)["STATISTICS_MAXIMUM"]) == np.nanmax(given)
        assert file.tags()["DATA_STATUS"] == "synthetic"
    assert np.array_equal(cells.mask, np.isnan(given))
    assert np.array_equal(cells.compressed(), given[~np.isnan(given)])


def test_large_rasters_get_overviews(rasters, tmp_path):
    place = (10.0, 0.0, 0.0, 0.0, -10.0, 0.0)
    data = as_dataarray(np.arange(1200 * 1200, dtype=np.float32).reshape(1200, 1200), place, "EPSG:4547", None)
    write_cog(dataclasses.replace(rasters["carbon_density"], data=data), tmp_path / "x.tif")
    with rasterio.open(tmp_path / "x.tif") as file:
        assert file.overviews(1) == [2, 4]
        assert file.block_shapes == [(512, 512)]


def test_classes_of_amounts_hold_their_lower_edge(rasters):
    raster = rasters["carbon_density"]
    items = ET.fromstring(raster_qml(raster).split("\n", 1)[1]).findall(".//item")  # noqa: S314 - written above
    ends = [float(item.get("value")) for item in items]
    assert ends[-1] == np.inf
    for end, rule in zip(ends[:-1], raster.rules, strict=False):
        assert end < rule.high == pytest.approx(end)
    assert [item.get("label") for item in items] == [rule.label for rule in raster.rules]


def test_a_code_without_label_is_refused(rasters, tmp_path):
    raster = rasters["cover"]
    data = raster.data.copy()
    data[50, 50] = 9
    with pytest.raises(ResultError, match=r"cells without a label: \[9\.0\]"):
        write_cog(dataclasses.replace(raster, data=data), tmp_path / "x.tif")


def test_another_zone_keeps_classes_whole(rasters):
    out = warped(rasters["cover"], "EPSG:4526")
    assert out.data.attrs["transform"][2] == pytest.approx(38_480_000, abs=200)
    assert set(np.unique(out.data.to_numpy())) <= {1, 2, 3, 255}
    share = [(out.data.to_numpy() == code).mean() for code in (1, 2, 3)]
    assert share == pytest.approx([0.2, 0.4, 0.4], abs=0.02)
