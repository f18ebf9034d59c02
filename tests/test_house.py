"""The rules of the house, held by machine: style, types, rooms, locks, sources, and the README's promises."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
TO_BE_FILLED_IN = "data_raw/reported_indicators.csv"
PACKAGE = sorted((ROOT / "changping_geo").rglob("*.py"))
SCIENCE = {"geo", "solar", "carbon", "stations", "heat"}
EDGE = {"layers", "sources", "present"}


def text(path):
    return path.read_text(encoding="utf-8")


def project():
    return tomllib.loads(text(ROOT / "pyproject.toml"))


def test_style():
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_format():
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_types():
    found = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_modules_are_short_and_free_of_what_the_house_forbids():
    for path in [*PACKAGE, *(ROOT / "analyses").glob("*.py")]:
        tree = ast.parse(text(path))
        assert len(text(path).splitlines()) <= 350, path
        for node in ast.walk(tree):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} assert"
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}:{node.lineno} bare except"


def test_science_knows_arrays_and_frames_only():
    for path in PACKAGE:
        room = path.relative_to(ROOT / "changping_geo").parts[0]
        if room not in SCIENCE:
            continue
        for node in ast.walk(ast.parse(text(path))):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                assert not (parts[0] == "changping_geo" and len(parts) > 1 and parts[1] in EDGE), (
                    f"{path} imports {name}"
                )


def test_the_package_holds_no_constant_of_the_district():
    district = tomllib.loads(text(ROOT / "layers" / "district.toml"))["frame"]
    pattern = re.compile(rf"{district['title_zh'][:2]}|\b110114|\b11[56]\.\d|\b40\.[0-4]\d|{district['crs']}\b")
    for path in PACKAGE:
        for number, line in enumerate(text(path).splitlines(), 1):
            assert not pattern.search(line), f"{path}:{number}: {line}"


def test_every_delivered_file_is_registered_with_its_digest():
    entries = {e["path"]: e for e in tomllib.loads(text(ROOT / "data_raw" / "SOURCES.toml"))["file"]}
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "data_raw").rglob("*") if p.is_file()}
    assert files - {"data_raw/SOURCES.toml"} == set(entries)
    assert [path for path, entry in entries.items() if not entry["sha256"]] == [TO_BE_FILLED_IN]
    for path, entry in entries.items():
        assert path == TO_BE_FILLED_IN or hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == entry["sha256"], (
            path
        )
        assert entry["origin"]
        assert entry["licence"]


def requirement_lines(name):
    joined = text(ROOT / name).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_the_locks_pin_and_hash_everything_and_name_no_index(name):
    lines = requirement_lines(name)
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"[a-z0-9._-]+==\S+ ", line), line
        assert "--hash=sha256:" in line, line
    assert "://" not in text(ROOT / name)


def test_the_two_locks_are_one_resolution():
    def pins(name):
        return {line.split(" --hash")[0].split(";")[0].strip() for line in requirement_lines(name)}

    assert pins("requirements.txt") <= pins("requirements-test.txt")


def test_the_locks_hold_what_the_project_asks_for():
    wanted = project()["project"]["dependencies"] + project()["dependency-groups"]["build"]
    pinned = {line.split("==")[0]: line.split("==")[1].split()[0] for line in requirement_lines("requirements.txt")}
    for line in wanted:
        requirement = Requirement(line)
        assert pinned[requirement.name] in requirement.specifier, line


def test_the_conda_environment_keeps_in_step():
    found, in_list = set(), False
    for line in text(ROOT / "environment.yml").splitlines():
        in_list = in_list or line.startswith("dependencies:")
        item = line.split("#")[0].strip().removeprefix("- ").strip()
        if in_list and line.lstrip().startswith("- ") and not item.endswith(":"):
            found.add(re.sub(r"\s", "", item))
    groups = project()["dependency-groups"]
    wanted = {*project()["project"]["dependencies"], *groups["build"], *groups["test"]}
    python = "python" + project()["project"]["requires-python"]
    other_names = {"pyosmium": "osmium"}  # conda-forge's name: this project's name
    found = {re.sub(r"^[a-z-]+", lambda name: other_names.get(name[0], name[0]), item) for item in found}
    assert found == {re.sub(r"\s", "", w) for w in wanted} | {python, "pip"}


def test_no_path_of_a_machine_and_no_index_host_is_committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    pattern = re.compile("/w[o]rk/|/r[o]ot/|/h[o]me/[a-z]|pypi[.]org|files[.]pythonhosted|/s[i]mple/")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix not in {".png", ".jpg"}:
            hit = pattern.search(path.read_text(encoding="utf-8", errors="replace"))
            assert hit is None, f"{name}: {hit.group()}"


def test_the_public_surface_is_what_it_says():
    import changping_geo  # noqa: PLC0415

    assert changping_geo.__all__ == sorted(changping_geo.__all__)
    for name in changping_geo.__all__:
        assert getattr(changping_geo, name) is not None
    assert changping_geo.__version__ == project()["project"]["version"]
