from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from changping_geo.layers.register import REGISTER, Register, accept, sha256_of
from changping_geo.model import SourceError, SpecError

TEXT = """# kept
[[file]]
path = "data_raw/a.csv"   # and this
title = "a"
sha256 = '{a}' # digest
status = "official"

[[file]]
path = "data_raw/b.csv"
sha256 = "{b}"
"""


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def home(tmp_path):
    (tmp_path / "data_raw").mkdir()
    for name in "ab":
        (tmp_path / "data_raw" / f"{name}.csv").write_text(name)
    (tmp_path / REGISTER).write_text(TEXT.format(a=sha("a"), b=sha("b")))
    return tmp_path


def test_unchanged_files_pass_and_unlisted_ones_too(home):
    register = Register.read(home)
    (home / "data_raw" / "c.csv").write_text("c")
    for name in "abc":
        register.verify(home / "data_raw" / f"{name}.csv")
    assert register.entries["data_raw/a.csv"].status == "official"


def test_a_changed_file_stops_the_run_with_the_remedy(home):
    (home / "data_raw" / "a.csv").write_text("x")
    with pytest.raises(SourceError) as told:
        Register.read(home).verify(home / "data_raw" / "a.csv")
    for words in (sha("a")[:12], sha("x")[:12], "changping-geo layers accept data_raw/a.csv"):
        assert words in str(told.value)


def test_a_missing_file_is_told_only_when_it_is_needed(home):
    (home / "data_raw" / "a.csv").unlink()
    register = Register.read(home)
    with pytest.raises(SourceError, match="missing"):
        register.verify(home / "data_raw" / "a.csv")


def test_accept_rewrites_the_digest_and_nothing_else(home):
    (home / "data_raw" / "a.csv").write_text("x")
    assert sha("x")[:12] in accept(home, Path("data_raw/a.csv"))
    expected = TEXT.format(a=sha("a"), b=sha("b")).replace(f"'{sha('a')}'", f'"{sha("x")}"')
    assert (home / REGISTER).read_text() == expected
    assert [p.name for p in (home / "data_raw").iterdir() if p.name.startswith(".")] == []
    Register.read(home).verify(home / "data_raw" / "a.csv")


def test_accept_of_an_unchanged_file_writes_nothing(home):
    before = (home / REGISTER).stat().st_mtime_ns
    assert "unchanged" in accept(home, home / "data_raw" / "b.csv")
    assert (home / REGISTER).stat().st_mtime_ns == before


def test_accept_lists_a_new_file_with_plain_defaults(home):
    (home / "data_raw" / '引号".csv').write_text("c")
    assert "fill in" in accept(home, Path('data_raw/引号".csv'))
    entries = tomllib.loads((home / REGISTER).read_text(encoding="utf-8"))["file"]
    assert entries[2]["path"] == 'data_raw/引号".csv'
    assert entries[2]["sha256"] == sha("c")
    assert (home / REGISTER).read_text(encoding="utf-8").startswith("# kept\n")


def test_accept_begins_a_register(tmp_path):
    (tmp_path / "data_raw").mkdir()
    (tmp_path / "data_raw" / "a.csv").write_text("a")
    accept(tmp_path, Path("data_raw/a.csv"))
    Register.read(tmp_path).verify(tmp_path / "data_raw" / "a.csv")


def test_accept_writes_a_digest_where_none_was(home):
    (home / REGISTER).write_text('[[file]]\npath = "data_raw/a.csv"\n')
    accept(home, Path("data_raw/a.csv"))
    assert Register.read(home).entries["data_raw/a.csv"].sha256 == sha("a")


def test_accept_refuses_what_it_cannot_edit(home):
    (home / REGISTER).write_text('file = [{path = "data_raw/a.csv", sha256 = ""}]\n')
    with pytest.raises(SpecError, match="not edited"):
        accept(home, Path("data_raw/a.csv"))


@pytest.mark.parametrize("path", ["../a.csv", "/etc/hosts"])
def test_accept_stays_inside_the_workspace(home, path):
    with pytest.raises(SourceError, match="outside"):
        accept(home, Path(path))


def test_accept_of_nothing_is_refused(home):
    with pytest.raises(SourceError, match="no such file"):
        accept(home, Path("data_raw/z.csv"))


def test_faults_of_the_register_are_told_at_once(home):
    (home / REGISTER).write_text(
        '[[file]]\npath = "a"\ncolour = "red"\nsha256 = "zz"\n[[file]]\npath = "a"\n[[file]]\ntitle = ""\n'
    )
    with pytest.raises(SpecError) as told:
        Register.read(home)
    for words in ("colour", "64 hexadecimal", "twice", "lacks 'path'"):
        assert words in str(told.value)


def test_a_shapefile_is_hashed_with_its_parts(tmp_path):
    for suffix in ("shp", "shx", "dbf"):
        (tmp_path / f"r.{suffix}").write_text(suffix)
    before = sha256_of(tmp_path / "r.shp")
    (tmp_path / "r.qix").write_text("an index is no data")
    assert sha256_of(tmp_path / "r.shp") == before
    (tmp_path / "r.dbf").write_text("changed")
    assert sha256_of(tmp_path / "r.shp") != before
