"""The verb that lays two scenarios side by side, as a person types it."""

from __future__ import annotations

import pytest

from changping_geo.cli import main

DENSER = 'title_zh = "高密度组件"\ntitle_en = "denser modules"\n[rooftop_pv]\nmodule_density_w_m2 = 220\n'


@pytest.fixture
def place(workspace):
    (workspace / "scenarios").mkdir()
    (workspace / "scenarios" / "denser.toml").write_text(DENSER, encoding="utf-8")
    return workspace


def typed(place, *words):
    return main(["compare", *words, "--workspace", str(place), "--quiet"])


def test_a_comparison_is_published_whole_and_answered_again_from_its_folder(place, capsys):
    assert typed(place, "default", "denser", "rooftop_pv") == 0
    (folder,) = (place / "results").iterdir()
    assert capsys.readouterr().out.strip() == str(folder)
    assert folder.name.startswith("compare-default-denser-")
    files = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert set(files) == {"compare.html", "differences.csv", "differences.xlsx", "chosen.csv"}
    assert typed(place, "default", "denser", "rooftop_pv") == 0
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == files


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("default", "denzer"), "no scenario 'denzer'"),
        (("default", "default"), "nothing to compare"),
        (("default", "denser", "no_such_analysis"), "no_such_analysis"),
    ],
)
def test_what_must_be_mended_is_told_and_nothing_is_published(place, capsys, words, message):
    assert typed(place, *words) == 2
    assert message in capsys.readouterr().err
    assert not list(place.glob("results/*"))


def test_a_folder_that_is_no_workspace_is_told(tmp_path, capsys):
    assert typed(tmp_path, "default", "denser") == 2
    assert "is no workspace" in capsys.readouterr().err
