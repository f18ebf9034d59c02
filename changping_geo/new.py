"""A workspace for another district: the files that only its people can fill, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from changping_geo import content
from changping_geo.layers.spec import LayerSpec, read_spec
from changping_geo.model import SourceError

if TYPE_CHECKING:
    from pathlib import Path

FRAME = """\
# The frame of this workspace, and its outline as a layer. Fill the lines marked «fill».
title_zh = "行政区界"
title_en = "District outline"
about = "The outline of the district; every other layer lies within it."
geometry = "polygon"
topology = "any"

[frame]
name = "{name}"              # files of a run are called after it
title_zh = "{name}"          # «fill» 某某区
title_en = "{name}"          # «fill»
crs = ""                     # «fill» the metric CRS: the nearest CGCS2000 3-degree zone (EPSG:4534 … 4554)
utc_offset_h = 8
plan_zh = ""                 # «fill» the plan whose targets are measured
plan_en = ""
seed = 1                     # of every synthetic layer

[columns.name_zh]
type = "text"
title_zh = "名称"
title_en = "Name"

[[sources]]
id = "outline"
path = "data_raw/district_outline.geojson"   # «fill» any vector format will do
status = "official"
datum = "cgcs2000"
origin = ""                  # «fill» who made it
licence = ""
"""

REGISTER = """\
# Every delivered file: origin, licence, date, datum, sha256, status.
# `changping-geo layers accept data_raw/FILE` adds an entry, and acknowledges a change.
"""


def new_workspace(folder: Path) -> str:
    """Make a workspace that is ready to fill.

    Parameters
    ----------
    folder : Path
        A folder that does not exist, or is empty.

    Returns
    -------
    str
        What to do next.

    Raises
    ------
    SourceError
        If the folder holds something, or cannot be made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder} is there and not empty; name a new folder")
    name = re.sub(r"[^a-z0-9_-]+", "_", folder.name.lower()).strip("_") or "district"
    specs = [read_spec(p) for n, p in content.room(folder, "layers", ".toml").items() if n != "district"]
    files = {
        "layers/district.toml": FRAME.format(name=name),
        "data_raw/SOURCES.toml": REGISTER,
        "README.md": _readme(name, specs),
        ".gitignore": "results/\n.cache/\n",
    }
    own = [s for s in specs if not _first_path(s).startswith(f"{content.METHODS}/")]
    files |= {f"data_raw/templates/{s.name}.csv": _header(s) for s in own if _first_path(s).endswith(".csv")}
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8-sig" if path.endswith(".csv") else "utf-8")
    except OSError as error:
        raise SourceError(f"cannot write to {folder}: {error}") from error
    return (
        f"{folder}: fill layers/district.toml, put the outline and town table into data_raw/ "
        "(README.md there lists every layer), then `changping-geo layers check`"
    )


def _first_path(spec: LayerSpec) -> str:
    return next((s.path for s in spec.sources if s.path), "")


def _header(spec: LayerSpec) -> str:
    rename = {canonical: given for given, canonical in spec.sources[0].rename.items()}
    coordinates = [c for c in (spec.sources[0].lon, spec.sources[0].lat) if c]
    return ",".join([*(rename.get(c, c) for c in spec.columns), *coordinates]) + "\n"


def _readme(name: str, specs: list[LayerSpec]) -> str:
    lines = [
        f"# {name}",
        "",
        "Fill `layers/district.toml`, put files into `data_raw/`, then:",
        "",
        "    changping-geo layers check --workspace .",
        "    changping-geo run --workspace .",
        "",
        "The first file that is there is used; a layer with a provider is made up when no file is there, and says so.",
        "A file of your own in `layers/`, `analyses/` or `maps/` stands in front of the standard one of the same name.",
        "",
        "| layer | what | put a file at | otherwise | columns |",
        "|---|---|---|---|---|",
    ]
    for spec in specs:
        paths = ", ".join(f"`{s.path}`" for s in spec.sources if s.path)
        other = ", ".join(f"{s.provider} ({s.status.word})" for s in spec.sources if s.provider)
        columns = ", ".join(f"`{c.name}`{'*' if c.required else ''}" for c in spec.columns.values())
        lines.append(f"| {spec.name} | {spec.title_zh} {spec.title_en} | {paths} | {other} | {columns} |")
    return "\n".join([*lines, "", "\\* must have a value in every row", ""])
