"""A made-up district of 10 km by 10 km, and a small kit to deliver layers to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from changping_geo.layers.load import load_source
from changping_geo.layers.spec import Column, LayerSpec, Source
from changping_geo.model import Frame, Status

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:4547"
WEST, SOUTH, SIDE = 495_000.0, 3_600_000.0, 10_000.0


def column(name, kind="text", **more):
    return Column(name=name, type=kind, title_zh=name, title_en=name, **more)


@dataclass
class Kit:
    """Workspace folder, frame and district, and a layer of roofs to hold files against."""

    root: Path
    frame: Frame
    district: shapely.Polygon
    spec: LayerSpec
    source: Source

    def squares(self, n=6, side=100.0):
        """Return n squares in a row, wholly inside the district."""
        x0, y0 = WEST + 1_000.0, SOUTH + 1_000.0
        shapes = [shapely.box(x0 + 300 * i, y0, x0 + 300 * i + side, y0 + side) for i in range(n)]
        return gpd.GeoDataFrame(
            {"id": [f"r{i}" for i in range(n)], "use": ["home"] * n, "height_m": [6.0] * n}, geometry=shapes, crs=CRS
        )

    def load(self, name, spec=None, district=None, **source):
        """Load data_raw/<name> as the layer; `source` changes its [[sources]] entry."""
        source.setdefault("path", f"data_raw/{name}")
        return load_source(
            spec or self.spec, replace(self.source, **source), self.frame, district or self.district, self.root
        )

    def file(self, name):
        return self.root / "data_raw" / name


@pytest.fixture
def kit(tmp_path):
    (tmp_path / "ws" / "data_raw").mkdir(parents=True)
    columns = [
        column("id", required=True),
        column("use", required=True, values={"home": ("住宅", "home"), "shop": ("商店", "shop")}),
        column("height_m", "float", unit="m", range=(1.8, 350.0)),
        column("floors", "int", range=(1, 100)),
        column("name"),
    ]
    spec = LayerSpec(
        name="roofs",
        title_zh="屋顶",
        title_en="Roofs",
        geometry="polygon",
        columns={c.name: c for c in columns},
        sources=(),
        key="id",
        max_rows=1000,
        max_set_aside=0.5,
        file="layers/roofs.toml",
    )
    return Kit(
        root=tmp_path / "ws",
        frame=Frame("demo", "示例", "Demo", CRS, 8.0),
        district=shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE),
        spec=spec,
        source=Source(id="delivered", status=Status.OFFICIAL),
    )
