"""What a result rests on, as one short key: the same key means that there is nothing to do.

No heavy library is imported here, so that an unchanged run answers.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from changping_geo.model import Value

PACKAGE = Path(__file__).parent
ROOMS = ("analyses", "layers", "maps")
CODE = {".py", ".toml", ".js", ".css", ".html", ".jinja"}
CHUNK = 1 << 20
VECTOR = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".gdb", ".kml", ".csv", ".xlsx")
SUFFIXES = {
    "polygon": VECTOR,
    "line": VECTOR,
    "point": VECTOR,
    "table": (".csv", ".xlsx"),
    "raster": (".tif", ".tiff"),
    "climate": (".epw", ".json", ".csv", ".nc"),
}
SECRETS = ("TIANDITU_KEY",)
#: Tables of methods, the same for any district; they travel with the standard rooms.
METHODS = "data_raw/methods"


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def standard_root() -> Path:
    """Return the folder with the standard rooms: inside an installed package, or the checkout that holds it."""
    inside = PACKAGE / "standard"
    return inside if inside.is_dir() else PACKAGE.parent


def room(root: Path, name: str, suffix: str) -> dict[str, Path]:
    """Return the files of a room by stem: the workspace's own stand in front of the standard ones."""
    files: dict[str, Path] = {}
    for base in (standard_root(), root):
        folder = base / name
        files |= {path.stem: path for path in sorted(folder.glob(f"*{suffix}")) if not path.name.startswith((".", "_"))}
    if name == "layers" and not (root / "layers" / "district.toml").is_file():
        files.pop("district", None)
    return dict(sorted(files.items()))


def data_files(root: Path) -> list[Path]:
    """Return every delivered file of a workspace, in order."""
    return sorted(p for p in (root / "data_raw").rglob("*") if p.is_file() and not p.name.startswith("."))


def home_of(root: Path, path: str) -> Path:
    """Return where a path of a source starts: in the workspace, or for a table of methods in the standard rooms."""
    borrowed = path.startswith(f"{METHODS}/") and not (root / path).exists()
    return standard_root() if borrowed else root


def code_files(folder: Path) -> list[Path]:
    """Return the source files of the package or of a part of it, in order."""
    return sorted(p for p in folder.rglob("*") if p.suffix in CODE and "__pycache__" not in p.parts)


def libraries() -> dict[str, str]:
    """Return name and version of every library that the package needs, directly or through others."""
    found: dict[str, str] = {}
    queue = ["changping-geo"]
    while queue:
        name = queue.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        key = distribution.metadata["Name"].lower()
        if key in found:
            continue
        found[key] = distribution.version
        for line in distribution.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                queue.append(requirement.name)
    return dict(sorted(found.items()))


def digest(parts: Iterable[tuple[str, str]]) -> str:
    """Return one digest of named texts, whatever their order."""
    sha = hashlib.sha256()
    for name, text in sorted(parts):
        sha.update(f"{len(name)}:{name}={len(text)}:{text};".encode())
    return sha.hexdigest()


def run_key(root: Path, analyses: Iterable[str], settings: Mapping[str, Value]) -> str:
    """Return the key of a run: sixteen characters over code, specs, data, settings and library versions.

    Parameters
    ----------
    root : Path
        The workspace.
    analyses : iterable of str
        The analyses asked for.
    settings : mapping of str to value
        Chosen parameters, ``analysis.parameter`` to value.
    """
    parts = [("python", f"{sys.version_info.major}.{sys.version_info.minor}"), ("analyses", " ".join(analyses))]
    parts += [(f"library {name}", version) for name, version in libraries().items()]
    parts += [(f"setting {name}", _plain_number(value)) for name, value in settings.items()]
    parts += [(f"environment {n}", hashlib.sha256(os.environ.get(n, "").encode()).hexdigest()) for n in SECRETS]
    parts += [(f"package {p.relative_to(PACKAGE).as_posix()}", file_digest(p)) for p in code_files(PACKAGE)]
    for name, suffix in zip(ROOMS, (".py", ".toml", ".toml"), strict=True):
        parts += [(f"{name} {stem}", file_digest(path)) for stem, path in room(root, name, suffix).items()]
    parts += [(f"data {p.relative_to(root).as_posix()}", file_digest(p)) for p in data_files(root)]
    parts += [(f"methods {p.name}", file_digest(p)) for p in sorted((standard_root() / METHODS).glob("*.csv"))]
    return digest(parts)[:16]


def _plain_number(value: Value) -> str:
    try:
        return repr(float(value))
    except ValueError:
        return str(value)
