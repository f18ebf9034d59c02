"""The drawing that CAD opens: Chinese layers, closed polylines, labels that are text."""

from __future__ import annotations

import ezdxf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.present.bundle import bundle_of
from changping_geo.present.dxf import label_text, layer_name, write_dxf


@pytest.fixture
def drawing(rich_run, tmp_path):
    bundle = bundle_of(rich_run)
    write_dxf(bundle.layers, tmp_path / "t.dxf", "测试")
    return ezdxf.readfile(tmp_path / "t.dxf")


def test_it_is_sound_metric_and_utf_8(drawing):
    assert not drawing.audit().has_errors
    assert drawing.dxfversion == "AC1024"
    assert drawing.output_encoding == "utf-8"
    assert drawing.header["$INSUNITS"] == 6


def test_layers_are_called_in_chinese_and_coloured_by_class(drawing, rich_run):
    style = next(iter(bundle_of(rich_run).layers[0].styles.values()))
    for rule in style.rules:
        layer = drawing.layers.get(layer_name("镇街", rule.label))
        assert layer.dxf.true_color == int(rule.colour[1:], 16)
    assert "推荐站址_快充" in drawing.layers


def test_every_polygon_is_closed_and_every_point_there(drawing):
    lines = drawing.modelspace().query("LWPOLYLINE")
    assert len(lines) == 4 + 50
    assert all(line.closed and len(line) == 4 for line in lines)
    assert len(drawing.modelspace().query("POINT")) == 3


def test_labels_are_the_names(drawing, hostile):
    texts = [text.plain_text() for text in drawing.modelspace().query("TEXT")]
    assert {"东庄镇", "西山街道", "南河镇", "北岭镇", "充电站甲", hostile} <= set(texts)


def test_the_same_layers_give_the_same_drawing(rich_run, tmp_path):
    layers = bundle_of(rich_run).layers
    for name in ("a", "b"):
        write_dxf(layers, tmp_path / f"{name}.dxf", "x")
    assert (tmp_path / "a.dxf").read_bytes() == (tmp_path / "b.dxf").read_bytes()


def test_control_codes_in_names_stay_text():
    text = ezdxf.new("R2010").modelspace().add_text(label_text("50%%d\n\\U+4E2D %%c"))
    assert text.plain_text().replace("\u200b", "") == "50%%d \\U+4E2D %%c"


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_any_text_makes_a_layer_name_that_a_drawing_may_have(text):
    drawing = ezdxf.new("R2010")
    if layer_name(text) not in drawing.layers:
        drawing.layers.add(layer_name(text))
    assert not drawing.audit().has_errors
