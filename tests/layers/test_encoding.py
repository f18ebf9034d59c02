from __future__ import annotations

from dataclasses import replace

import pytest

from changping_geo.layers.encoding import Dbf, judge, shapefile_encoding, text_encoding
from changping_geo.model import SourceError

NAMES = ["南口镇", "延寿镇", "十三陵镇", "联通", "龙泽园街道", "b"]


def shapefile(kit, encoding, *, cpg=None, language=0, names=NAMES):
    frame = kit.squares(len(names)).assign(name=names)
    path = kit.file("r.shp")
    frame.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = language
    path.with_suffix(".dbf").write_bytes(table)
    return path


@pytest.mark.parametrize(
    ("written", "cpg", "language", "declared", "used", "how"),
    [
        ("gbk", None, 0, "", "gb18030", "judged"),
        ("gbk", None, 0x57, "", "gb18030", "judged"),
        ("gbk", None, 0x4D, "", "gb18030", "language byte"),
        ("gbk", "GBK", 0, "", "gb18030", ".cpg"),
        ("gbk", "936", 0, "", "gb18030", ".cpg"),
        ("gbk", "ISO-8859-1", 0, "", "gb18030", "judged"),
        ("gbk", "UTF-8", 0, "", "gb18030", "does not fit"),
        ("gbk", "UTF-8", 0, "gbk", "gb18030", "declared"),
        ("utf-8", None, 0, "", "utf-8", "judged"),
        ("utf-8", None, 0x57, "", "utf-8", "judged"),
        ("utf-8", "UTF-8", 0, "", "utf-8", ".cpg"),
        ("utf-8", None, 0, "utf-8", "utf-8", "declared"),
    ],
)
def test_no_name_changes_whatever_the_shapefile_says(kit, written, cpg, language, declared, used, how):
    path = shapefile(kit, written, cpg=cpg, language=language)
    guess = shapefile_encoding(path, declared)
    assert guess.name == used
    assert how in guess.how
    layer = kit.load("r.shp", encoding=declared)
    assert layer.data["name"].tolist() == NAMES
    assert layer.source["encoding"] == used
    assert any(note.startswith(f"text read as {used}") for note in layer.ledger.notes)


def test_a_declared_encoding_that_does_not_fit_is_refused_with_the_one_that_does(kit):
    shapefile(kit, "gbk")
    with pytest.raises(SourceError, match='encoding = "gb18030"'):
        kit.load("r.shp", encoding="utf-8")


def test_an_unknown_encoding_is_refused(kit):
    shapefile(kit, "gbk")
    with pytest.raises(SourceError, match="unknown encoding 'klingon'"):
        kit.load("r.shp", encoding="klingon")


def test_dbf_header_is_read_by_hand(kit):
    dbf = Dbf.read(shapefile(kit, "gbk"))
    assert dbf.rows == len(NAMES)
    assert dbf.complete
    assert dbf.beyond_ascii
    assert "南口镇".encode("gbk") in dbf.texts


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["abc"], "utf-8"),
        (["昌平"], "utf-8"),
        (["Straße, Ελλάδα"], "utf-8"),
    ],
)
def test_judge_takes_utf8_for_utf8(texts, name):
    assert judge([t.encode() for t in texts]) == name


@pytest.mark.parametrize("text", ["联通", "南口镇", "沙河高教园区(一期)", "镕珺垚"])
def test_judge_takes_gbk_for_gbk(text):
    assert judge([text.encode("gbk")]) == "gb18030"


def test_judge_accepts_a_character_cut_at_the_end_of_its_field():
    assert judge(["昌平区南口镇".encode()[:-1]]) == "utf-8"
    assert judge(["昌平区南口镇".encode("gbk")[:-1]]) == "gb18030"


def test_judge_gives_up_on_noise():
    assert judge([b"\xff\xff\xff\xff\xff\xff"]) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_csv_in_any_of_these_encodings_reads_the_same(kit, encoding):
    text = "id,use,name,lon,lat\nr1,home,沙河镇,114.0,32.55\n"
    kit.file("r.csv").write_bytes(text.encode(encoding))
    spec = _points(kit)
    layer = kit.load("r.csv", spec)
    assert layer.data["name"].tolist() == ["沙河镇"]


def test_csv_with_a_wrong_declaration_is_refused(kit):
    kit.file("r.csv").write_bytes("id,name\nr1,沙河镇\n".encode("gbk"))
    with pytest.raises(SourceError, match="not utf-8"):
        kit.load("r.csv", _points(kit), encoding="utf-8")


def test_csv_that_is_neither_is_refused(tmp_path):
    with pytest.raises(SourceError, match="neither"):
        text_encoding(tmp_path / "x.csv", b"id\n\xff\xff\xff\n")


def _points(kit):
    return replace(kit.spec, geometry="point")
