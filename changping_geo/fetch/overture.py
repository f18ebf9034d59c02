"""Overture Maps: GeoParquet in a public bucket, of which only the row groups and columns of the district are read.

The catalogue of a release tells the extent of each file; of the files that touch the district, the statistics of the
column ``bbox`` tell which row groups do.

References
----------
.. [1] Overture Maps documentation, https://docs.overturemaps.org; attribution: https://docs.overturemaps.org/attribution
"""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import Any
from urllib.parse import urljoin

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from changping_geo.fetch import Fetched, Job, Offer, Provider, Request
from changping_geo.fetch.area import WGS84, Box
from changping_geo.fetch.asks import FetchError
from changping_geo.fetch.checks import is_json, is_parquet
from changping_geo.fetch.osm_towns import pick_level, tile, towns_table
from changping_geo.fetch.overture_rows import place_rows, roof_rows, town_names
from changping_geo.fetch.remote import RemoteFile

log = logging.getLogger(__name__)
CATALOGUE, BUCKET = "stac.overturemaps.org", "overturemaps-us-west-2.s3.us-west-2.amazonaws.com"
S3 = "s3://overturemaps-us-west-2/"
THEMES = {
    "rooftops": ("buildings", "building"),
    "towns": ("divisions", "division_area"),
    "charging_stations": ("places", "place"),
    "fuel_stations": ("places", "place"),
}
COLUMNS = {
    "buildings": (
        *("id", "geometry", "bbox", "class", "subtype", "names", "height", "num_floors"),
        *("roof_shape", "roof_material", "is_underground"),
    ),
    "divisions": ("id", "geometry", "bbox", "subtype", "class", "names"),
    "places": ("id", "geometry", "bbox", "names", "categories", "basic_category", "brand", "operating_status"),
}
# Numbers of an extent without heights.
FLAT = 4
EDGES = ("xmin", "ymin", "xmax", "ymax")


def requests(job: Job) -> list[Request]:
    """Return the first request, and what follows from its answer."""
    theme, kind = THEMES[job.spec.name]
    size = int(OFFERS[job.spec.name].megabytes(job.area) * 1e6)
    return [
        Request("GET", f"https://{CATALOGUE}/catalog.json", 50_000, "the latest release, and the extents of its files"),
        Request(
            "GET",
            f"https://{BUCKET}/release/*/theme={theme}/type={kind}/*",
            size,
            "parts of the files that touch the district",
        ),
    ]


def fetch(job: Job) -> Fetched:
    """Find the files of the latest release that touch the district, read their rows there, and make the layer's."""
    theme, kind = THEMES[job.spec.name]
    release, files = _files(job, theme, kind)
    box = job.area.box()
    tables = []
    for number, url in enumerate(files, 1):
        remote = RemoteFile(job.client, partial(job.part, url), is_parquet)
        tables.append(rows_in(remote, box, COLUMNS[theme]))
        log.info("%s: file %d of %d, %d rows", job.spec.name, number, len(files), tables[-1].num_rows)
    table = pa.concat_tables(tables, promote_options="default") if tables else None
    if table is None or not table.num_rows:
        raise FetchError(f"Overture Maps {release} has nothing of this layer here")
    notes: list[str] = []
    data = _layer(job, table, notes)
    asked = f"release {release}, theme={theme}, type={kind}, bbox {', '.join(f'{v:.4f}' for v in box)}"
    return Fetched(data, asked, release[:10], "Overture Maps Foundation", notes)


def rows_in(remote: RemoteFile, box: Box, columns: tuple[str, ...]) -> pa.Table:
    """Read the rows of a GeoParquet file whose ``bbox`` touches a box.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    box : tuple of float
        West, south, east, north. [degrees]
    columns : tuple of str
        Those to be read, if the file has them.

    Returns
    -------
    Table
        Only row groups whose statistics touch the box were downloaded.
    """
    west, south, east, north = box
    with pq.ParquetFile(remote.open()) as file:
        groups = [i for i in range(file.num_row_groups) if _touches(file.metadata.row_group(i), box)]
        known = [name for name in columns if name in file.schema_arrow.names]
        table = file.read_row_groups(groups, columns=known) if groups else file.schema_arrow.empty_table().select(known)
    edges = {edge: table["bbox"].combine_chunks().field(edge).to_numpy(zero_copy_only=False) for edge in EDGES}
    hit = (edges["xmin"] <= east) & (edges["xmax"] >= west) & (edges["ymin"] <= north) & (edges["ymax"] >= south)
    return table.filter(pa.array(hit))


def _touches(group: Any, box: Box) -> bool:
    """Return whether a row group may hold rows in a box; one without statistics may."""
    west, south, east, north = box
    low, high = {}, {}
    for i in range(group.num_columns):
        column = group.column(i)
        if column.path_in_schema.startswith("bbox.") and column.is_stats_set and column.statistics.has_min_max:
            edge = column.path_in_schema.removeprefix("bbox.")
            low[edge], high[edge] = column.statistics.min, column.statistics.max
    if not set(EDGES) <= set(low):
        return True
    return bool(low["xmin"] <= east and high["xmax"] >= west and low["ymin"] <= north and high["ymax"] >= south)


def _files(job: Job, theme: str, kind: str) -> tuple[str, list[str]]:
    """Return the latest release and the addresses of its files that touch the district."""
    root = f"https://{CATALOGUE}/"
    release = str(_json(job, f"{root}catalog.json").get("latest", ""))
    if not release.replace("-", "").replace(".", "").isalnum():
        raise FetchError(f"{root}catalog.json does not name the latest release")
    home = f"{root}{release}/{theme}/{kind}/collection.json"
    west, south, east, north = job.area.box()
    items = [
        urljoin(home, str(link["href"])) for link in _json(job, home).get("links", []) if link.get("rel") == "item"
    ]
    files = []
    for number, url in enumerate(items, 1):
        item = _json(job, url)
        extent = item["bbox"]
        left, bottom, right, top = extent if len(extent) == FLAT else (*extent[:2], *extent[3:5])
        if left <= east and right >= west and bottom <= north and top >= south:
            files.append(_asset(item, url))
        if number % 50 == 0:
            log.info("%s: %d of %d extents looked at", job.spec.name, number, len(items))
    return release, files


def _json(job: Job, url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(job.kept(job.ask(url, check=is_json, most=16 * 1024**2)))
    return found


def _asset(item: dict[str, Any], url: str) -> str:
    """Return the address of an item's file in the bucket."""
    for asset in item.get("assets", {}).values():
        places = [asset, *(v for v in asset.get("alternate", {}).values() if isinstance(v, dict))]
        for place in places:
            href = str(place.get("href", "")).replace(S3, f"https://{BUCKET}/")
            if href.startswith(f"https://{BUCKET}/") and href.endswith(".parquet"):
                return href
    raise FetchError(f"{url}: the catalogue names no Parquet file in {BUCKET}")


def _layer(job: Job, table: pa.Table, notes: list[str]) -> gpd.GeoDataFrame:
    rows = table.drop_columns(["geometry", "bbox"]).to_pylist()
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    if job.spec.name == "towns":
        frame = gpd.GeoDataFrame(town_names(rows), geometry=shapes, crs=WGS84).to_crs(job.area.crs)
        chosen, inside = pick_level(frame, job.area.outline, notes)
        return towns_table(job, chosen, tile(inside, job.area.outline, notes), notes)
    made, keep = roof_rows(rows) if job.spec.name == "rooftops" else place_rows(rows, job.spec.name)
    if not made:
        raise FetchError("Overture Maps has nothing of this layer here")
    return job.area.within(gpd.GeoDataFrame(made, geometry=shapes[keep], crs=WGS84))


OFFERS = {
    "rooftops": Offer("buildings of several makers, with height where known", 25.0, 60.0),
    "towns": Offer("divisions, made to tile the outline", 20.0, 5.0),
    "charging_stations": Offer("places called charging stations", 20.0, 10.0),
    "fuel_stations": Offer("places called fuel stations", 20.0, 10.0),
}
PROVIDER = Provider(
    "overture",
    "Overture Maps",
    "ODbL 1.0 (buildings, divisions), CDLA-Permissive 2.0 (places)",
    (CATALOGUE, BUCKET),
    OFFERS,
    requests,
    fetch,
)
