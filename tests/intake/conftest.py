"""Files as bureaus and web maps deliver them, for the made-up district."""

from __future__ import annotations

import struct
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from changping_geo.intake.verb import import_file
from changping_geo.layers.datum import from_wgs84

CRS = "EPSG:4549"  # of the made-up district
CORNER = (500_000.0, 4_450_000.0)


def squares(n, size=60.0, step=900.0):
    """Squares in a row of ten, all inside the district."""
    x = CORNER[0] + 300.0 + step * (np.arange(n) % 10)
    y = CORNER[1] + 300.0 + step * (np.arange(n) // 10)
    return shapely.box(x, y, x + size, y + size)


def points(n, seed=1):
    """Longitude and latitude (WGS84) of points all over the district, up to its border."""
    xy = np.random.default_rng(seed).uniform((500_010.0, 4_450_010.0), (509_990.0, 4_459_990.0), (n, 2))
    return xy, np.column_stack(Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*xy.T))


def town_at(xy):
    """The names of the four square towns."""
    east, north = xy[:, 0] >= 505_000.0, xy[:, 1] >= 4_455_000.0
    return np.where(north, np.where(east, "东北街道", "西北镇"), np.where(east, "东南镇", "西南镇"))


class Desk:
    """A workspace, and a person who imports files into it."""

    def __init__(self, root, inbox):
        self.root, self.inbox, self.shown = root, inbox, ""
        inbox.mkdir()

    def take(self, file, layer="", **chosen):
        chosen = {"confirm": lambda: True, "language": "en"} | chosen
        shown = []
        try:
            return import_file(self.root, file, layer, show=shown.append, **chosen)
        finally:
            self.shown = "\n".join(shown)

    def everything(self):
        """Every file of the workspace with its bytes."""
        return {p.relative_to(self.root).as_posix(): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}


@pytest.fixture
def desk(workspace, tmp_path):
    return Desk(workspace, tmp_path / "inbox")


@pytest.fixture
def made():
    """The makers of delivered files, by name."""
    return MAKERS


def gbk_roofs(folder, *, prj=True):
    """A zip with a shapefile whose texts, field names and member names are GBK, as desktop GIS writes it."""
    frame = gpd.GeoDataFrame(
        {
            "建筑物高度": [9.0, 18.0, 30.5, 6.2] * 5,
            "地上层数": [3, 6, 10, 2] * 5,
            "房屋用途": ["工业", "城镇住宅", "学校", "农村住宅"] * 5,
            "建成年代": [1998, 2005, 2011, 2019] * 5,
            "房屋编号": [f"F{i:03d}" for i in range(20)],
            "已装光伏容": [0.5, 3.0, 12.0, 0.1] * 5,  # ten bytes are left of 已装光伏容量
        },
        geometry=squares(20),
        crs=CRS,
    )
    path = folder / "fw.shp"
    frame.to_file(path, encoding="GBK", engine="pyogrio")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if not prj:
        path.with_suffix(".prj").unlink()
    target = folder / "房屋普查.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            if path.with_suffix(suffix).exists():
                archive.write(path.with_suffix(suffix), f"NAME{suffix}")
    mark = "建筑".encode("gb18030")
    raw = target.read_bytes().replace(b"NAME.", mark + b".")
    for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        path.with_suffix(suffix).unlink(missing_ok=True)
    target.write_bytes(raw)
    return target


def amap_chargers(folder, *, datum="gcj02", name="amap_充电站.csv", headings=None):
    """A table of charging stations as a web map exports it."""
    xy, lonlat = points(300)
    lon, lat = from_wgs84(*lonlat.T, datum)
    table = pd.DataFrame(
        {
            "id": [f"B0FF{i:04d}" for i in range(300)],
            "name": [f"第{i}号充电站" for i in range(300)],
            "typecode": "011100",
            "adname": "试山区",
            "镇街": town_at(xy),
            "lng": np.round(lon, 6),
            "lat": np.round(lat, 6),
        }
    ).rename(columns=headings or {})
    path = folder / name
    table.to_csv(path, index=False, encoding="utf-8-sig")
    return path


def workbook(folder):
    """A workbook with a title, a note, and two rows of merged headings."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["公共停车场统计表"])
    sheet.append(["填报单位：交通局", None, None, None, None, None, "日期：2024年5月"])
    sheet.append(["序号", "停车场名称", "停车场类型", "坐标", None, "规模", None])
    sheet.append([None, None, None, "经度", "纬度", "车位数（个）", "占地面积（万平方米）"])
    for span in ("A1:G1", "D3:E3", "F3:G3", "A3:A4", "B3:B4", "C3:C4"):
        sheet.merge_cells(span)
    _, lonlat = points(12, seed=3)
    for i, (lon, lat) in enumerate(lonlat):
        sheet.append([i + 1, f"{i}号停车场", "公共" if i % 2 else "小区", float(lon), float(lat), 50 + i, 0.2])
    path = folder / "停车.xlsx"
    book.save(path)
    return path


def geodatabase(folder):
    """A file geodatabase with a layer of heat-pump projects and one of nothing that is known."""
    path = folder / "热泵.gdb"
    projects = gpd.GeoDataFrame(
        {
            "项目名称": ["甲", "乙", "丙"],
            "热泵类型": ["地源热泵", "再生水源", "空气源"],
            "供热面积": [1.2, 30.0, 4.5],
            "建成年份": [2019.0, 2020.0, 2022.0],
        },
        geometry=squares(3, 100.0),
        crs=CRS,
    )
    projects = projects.rename(columns={"供热面积": "供热面积_万平方米"})
    projects.to_file(path, layer="热泵项目", driver="OpenFileGDB")
    gpd.GeoDataFrame({"qqq": [1.0, 2.0]}, geometry=squares(2), crs=CRS).to_file(
        path, layer="zzz", driver="OpenFileGDB", mode="a"
    )
    return path


def stands(folder):
    """Forest stands with eastings that carry the number of their 3° zone, and no .prj."""
    shapes = gpd.GeoSeries(squares(20, 800.0), crs=CRS).to_crs("EPSG:4528")
    frame = gpd.GeoDataFrame(
        {
            "林班": [f"{i // 5:03d}" for i in range(20)],
            "小班": [f"{i % 5:02d}" for i in range(20)],
            "优势树种": ["油松", "侧柏", "栎类", "山杨", "落叶松"] * 4,
            "起源": ["20", "20", "10", "20", "10"] * 4,
            "平均年龄": [25, 40, 60, 15, 33] * 4,
            "郁闭度": [60.0, 70.0, 85.0, 40.0, 55.0] * 4,
            "亩蓄积": [3.2, 2.1, 4.6, 5.0, 3.3] * 4,
        },
        geometry=shapes.to_numpy(),
        crs=None,
    )
    assert frame.total_bounds[0] > 40_000_000
    path = folder / "小班.shp"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")
        frame.to_file(path, encoding="GBK", engine="pyogrio")
    for suffix in (".cpg", ".prj"):
        path.with_suffix(suffix).unlink(missing_ok=True)
    return path


def hostile(folder, kind):
    """Archives that are traps."""
    path = folder / f"{kind}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "leaves":
            archive.writestr("../../evil.csv", "a,b\n1,2\n")
        elif kind == "absolute":
            archive.writestr("/evil.csv", "a,b\n1,2\n")
        elif kind == "link":
            info = zipfile.ZipInfo("r.csv")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/hostname")
        elif kind == "swells":
            with archive.open("r.csv", "w") as member:
                for _ in range(80):
                    member.write(bytes(1 << 20))
        elif kind == "encrypted":
            archive.writestr("r.csv", "a,b\n1,2\n")
        elif kind == "nested":
            archive.writestr("inner.zip", b"PK\x03\x04")
    if kind == "encrypted":
        raw = bytearray(path.read_bytes())
        at = raw.find(b"PK\x01\x02")
        raw[at + 8 : at + 10] = struct.pack("<H", 1)
        path.write_bytes(bytes(raw))
    if kind == "no archive":
        path.write_bytes(b"PK\x03\x04 and then nothing")
    return path


MAKERS = {f.__name__: f for f in (gbk_roofs, amap_chargers, workbook, geodatabase, stands, hostile, squares, points)}
