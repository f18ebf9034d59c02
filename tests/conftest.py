"""What every test shares: the made-up district, and runs that repeat themselves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.pop("TIANDITU_KEY", None)
settings.register_profile("house", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("house")

HERE = Path(__file__).parent


@pytest.fixture
def checkout() -> Path:
    """The repository's root: the workspace of the real district."""
    return HERE.parent


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A private copy of the made-up district with its four square towns and nine roofs."""
    return Path(shutil.copytree(HERE / "workspace", tmp_path / "workspace"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file, so that it does not run alone at the end."""
    items.sort(key=lambda item: item.path.name != "test_readme.py")
