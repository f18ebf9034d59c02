"""The map that is called after its analysis leads: its colours are those of the GIS files."""

from __future__ import annotations

from changping_geo.present.folder import map_specs

SPEC = 'title_zh = "图"\ntitle_en = "Map"\nanalysis = "rooftop_pv"\n[towns]\ncolumn = "pv_capacity_kw"\n'


def test_the_map_called_after_its_analysis_comes_first(small_run, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "a_map.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "maps" / "other.toml").write_text(SPEC.replace("rooftop_pv", "not_run"), encoding="utf-8")
    names = [spec.name for spec in map_specs(small_run, tmp_path)]
    assert names[0] == "rooftop_pv"
    assert "a_map" in names
    assert "other" not in names
