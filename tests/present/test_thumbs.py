"""A small picture of each map: the classes and colours of the page, small, the same every time."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from changping_geo.model import SpecError
from changping_geo.present.mapdata import page_data
from changping_geo.present.mapspec import Drawn, MapSpec, Towns
from changping_geo.present.thumbs import HEIGHT_PX, WIDTH_PX, thumbnail

SPEC = MapSpec("page", "图", "Map", "rooftop_pv", Towns("pv_energy_mwh_a", opacity=1.0))


def pixels(small):
    picture = Image.open(io.BytesIO(small.png)).convert("RGB")
    assert picture.size == (WIDTH_PX, HEIGHT_PX)
    return np.asarray(picture)


def near(picture, colour):
    """Count dots of a colour, as far as a palette of a few dozen colours keeps it."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(picture.astype(int) - wanted).max(axis=2) <= 12).sum())


def test_towns_have_the_classes_and_colours_of_the_page(small_run):
    small = thumbnail(small_run, SPEC)
    legend = page_data(small_run, SPEC).data["towns"]["legend"]
    assert (list(small.colours), small.title) == (legend["colours"], legend["title"])
    assert [list(labels) for labels in small.labels] == list(legend["labels"])
    classes = {town["properties"]["class"] for town in page_data(small_run, SPEC).data["towns"]["features"]["features"]}
    assert all(near(pixels(small), small.colours[i]) > 1000 for i in classes)


def test_a_picture_is_small_and_the_same_every_time(rich_run):
    spec = replace(SPEC, layers=(Drawn("cover", "raster"), Drawn("sites", "points", colour="#123456")))
    first = thumbnail(rich_run, spec).png
    assert first == thumbnail(rich_run, spec).png
    assert len(first) <= 60_000


def test_only_what_the_page_shows_of_the_whole_district_is_drawn(rich_run):
    near_by = Drawn("sites", "points", colour="#ff0000", radius_px=20, min_zoom=14)
    bare = pixels(thumbnail(rich_run, SPEC))
    assert (pixels(thumbnail(rich_run, replace(SPEC, layers=(near_by,)))) == bare).all()
    assert (pixels(thumbnail(rich_run, replace(SPEC, layers=(replace(near_by, show=False),)))) == bare).all()
    from_afar = replace(SPEC, layers=(replace(near_by, min_zoom=8),))
    assert near(pixels(thumbnail(rich_run, from_afar)), "#ff0000") > 50
    assert (pixels(thumbnail(rich_run, replace(from_afar, use="public"))) == bare).all()


def test_points_of_words_and_lists_of_roofs_have_their_colours(rich_run):
    roofs = rich_run.layers["rooftops"].data
    result = rich_run.results["rooftop_pv"]
    result.tables["best"] = pd.DataFrame({"roof_id": roofs["roof_id"].iloc[:6]})
    listed = Drawn("rooftops", "packed", column="use", colours={"housing": "#ff0000"}, only="best", min_zoom=9)
    sites = Drawn("sites", "points", column="kind", colours={"fast": "#0000ff"}, size="ports", radius_px=20)
    picture = pixels(thumbnail(rich_run, replace(SPEC, towns=None, layers=(listed, sites))))
    assert near(picture, "#ff0000") > 20
    assert near(picture, "#0000ff") > 100


def test_many_shapes_become_dots_and_amounts_and_classes_of_rasters_are_painted(build_run, rich_run):
    drawn = Drawn("rooftops", "packed", column="pv_capacity_kw", palette="blue", classes=3)
    small = thumbnail(build_run(5000), replace(SPEC, towns=None, layers=(drawn,)))
    assert all(near(pixels(small), colour) > 50 for colour in small.colours)
    amounts = thumbnail(rich_run, replace(SPEC, towns=None, layers=(Drawn("carbon_density", "raster"),)))
    assert all(near(pixels(amounts), colour) > 500 for colour in amounts.colours)
    cover = thumbnail(rich_run, replace(SPEC, towns=None, layers=(Drawn("cover", "raster"),)))
    assert all(near(pixels(cover), colour) > 2000 for colour in ("#117733", "#ddcc77", "#cc6677"))


def test_a_run_without_towns_has_no_picture(small_run):
    run = replace(small_run, layers={"rooftops": small_run.layers["rooftops"]})
    with pytest.raises(SpecError, match="'towns'"):
        thumbnail(run, SPEC)
