"""Every command and every piece of code in the README is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from changping_geo import content
from changping_geo.workspace import Workspace

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands(language):
    return [line for block in blocks(language) for line in block.splitlines() if line.strip()]


THREE_TOWNS = ["沙河镇", "马池口镇", "阳坊镇"]


def shrink(root):
    """Leave three towns of the district, so that a whole run takes a minute or two."""
    towns = Workspace(ROOT).layer("towns").data
    part = towns[towns["name_zh"].isin(THREE_TOWNS)]
    outline = gpd.GeoDataFrame({"name_zh": ["三镇"]}, geometry=[part.union_all().buffer(1).buffer(-1)], crs=part.crs)
    outline.to_crs("EPSG:4490").to_file(root / "data_raw" / "district_outline.geojson", driver="GeoJSON")
    file = root / "data_raw" / "town_table.csv"
    table = pd.read_csv(file, dtype=str, encoding="utf-8-sig")
    table[table["name_zh"].isin(THREE_TOWNS)].to_csv(file, index=False, encoding="utf-8-sig")
    register = root / "data_raw" / "SOURCES.toml"
    text = re.sub(r'sha256 = "[0-9a-f]+"', 'sha256 = ""', register.read_text(encoding="utf-8"))
    register.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the checkout, cut down to three towns, that shares its environment."""
    root = tmp_path_factory.mktemp("readme") / "checkout"
    ignore = shutil.ignore_patterns(".git", ".venv", "results", ".cache", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, root, ignore=ignore)
    shrink(root)
    (root / ".venv" / "bin").mkdir(parents=True)
    for name in ("run.stamp", "test.stamp"):
        (root / ".venv" / name).touch()
    for name, text in {
        "changping-geo": f'#!/bin/sh\nexec "{sys.executable}" -m changping_geo "$@"\n',
        "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
    }.items():
        (root / ".venv" / "bin" / name).write_text(text, encoding="utf-8")
        (root / ".venv" / "bin" / name).chmod(0o755)
    return root


def sh(command, place):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    env["PYTHONPATH"] = str(place)
    return subprocess.run(command, shell=True, cwd=place, env=env, capture_output=True, text=True, check=False)  # noqa: S602


@pytest.mark.skipif(os.name == "nt", reason="the shell blocks are POSIX")
def test_every_shell_command_does_what_it_says(place):
    for command in commands("sh"):
        done = sh(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if " run" in command:
            folder = Path(done.stdout.splitlines()[-1])
            promised = re.findall(r"^\| `([^`*<]+)` \|", README, flags=re.MULTILINE)
            assert len(promised) >= 5
            for name in promised:
                assert (folder / name).is_file(), name


def test_the_python_example_runs(place):
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pv_energy_mwh_a" in done.stdout


def test_the_source_example_is_a_valid_source(tmp_path):
    from changping_geo.layers.spec import read_spec  # noqa: PLC0415

    (example,) = blocks("toml")
    text = (ROOT / "layers" / "rooftops.toml").read_text(encoding="utf-8").split("[[sources]]")[0]
    (tmp_path / "rooftops.toml").write_text(text + example, encoding="utf-8")
    spec = read_spec(tmp_path / "rooftops.toml")
    assert spec.sources[0].datum == "gcj02"
    assert set(spec.sources[0].rename.values()) <= set(spec.columns)
    assert set(spec.sources[0].values["use"].values()) <= set(spec.columns["use"].values)  # noqa: PD011 - no frames


def test_the_commands_that_cannot_run_here_name_what_is_there():
    windows, conda = commands("powershell"), commands("text")
    assert any("requirements.txt" in c and "--require-hashes" in c for c in windows)
    assert (ROOT / "requirements.txt").is_file()
    assert any("environment.yml" in c for c in conda)
    assert (ROOT / "environment.yml").is_file()
    assert windows[-1].endswith("changping-geo run")
    assert conda[-1] == "changping-geo run"


def test_what_the_readme_names_is_there():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link
    assert content.standard_root() == ROOT
