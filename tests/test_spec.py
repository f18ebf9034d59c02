"""A layer's TOML is read strictly, and every fault in it is told at once."""

from __future__ import annotations

import pytest

from changping_geo.layers.spec import read_spec
from changping_geo.model import SpecError, Status

GOOD = """
title_zh = "屋顶"
title_en = "Roofs"
geometry = "polygon"
key = "roof_id"
[columns.roof_id]
type = "text"
required = true
title_zh = "编号"
title_en = "Id"
[[sources]]
id = "delivered"
path = "data_raw/roofs.gpkg"
status = "official"
datum = "gcj02"
"""


def write(tmp_path, text):
    path = tmp_path / "roofs.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_spec_is_read(tmp_path):
    spec = read_spec(write(tmp_path, GOOD))
    assert (spec.name, spec.key, spec.sources[0].datum) == ("roofs", "roof_id", "gcj02")
    assert spec.sources[0].status is Status.OFFICIAL


def test_all_faults_are_told_at_once(tmp_path):
    bad = GOOD.replace('geometry = "polygon"', 'geometri = "polygon"').replace('"gcj02"', '"gcj-02"')
    bad = bad.replace('status = "official"', 'status = "sure"')
    with pytest.raises(SpecError) as told:
        read_spec(write(tmp_path, bad))
    for piece in ("geometri", "lacks 'geometry'", "gcj-02", "sure", "roofs.toml"):
        assert piece in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = "roof_id"', 'key = "id"', "not among the columns"),
        ('path = "data_raw/roofs.gpkg"', "", "either 'path' or 'provider'"),
        ("[columns.roof_id]", "[columns.RoofId]", "lower-case"),
        ('type = "text"', 'type = "words"', "use one of: text"),
        ("title_zh = ", "title_zh == ", "does not parse"),
        ('title_en = "Id"', 'title_en = "Id"\nrange = [5, 1]', r"\[low, high\]"),
    ],
)
def test_each_fault_has_its_words(tmp_path, old, new, said):
    with pytest.raises(SpecError, match=said):
        read_spec(write(tmp_path, GOOD.replace(old, new)))


def test_every_layer_of_the_house_is_readable_and_has_a_place_for_data(checkout):
    specs = [read_spec(p) for p in sorted((checkout / "layers").glob("*.toml"))]
    assert len(specs) >= 20
    for spec in specs:
        assert all(s.origin and s.licence for s in spec.sources), spec.name
        shorts = [c.short for c in spec.columns.values() if c.short]
        assert all(s.isascii() and len(s) <= 10 for s in shorts)
        assert len(set(shorts)) == len(shorts)
