"""The layers of the made-up district, and analyses loaded from their files."""

from __future__ import annotations

import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from changping_geo.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def load():
    """Load an analysis by its name."""

    def from_file(name):
        spec = spec_from_file_location(f"{name}_under_test", ROOT / "analyses" / f"{name}.py")
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return from_file


@pytest.fixture(scope="session")
def shishan(tmp_path_factory):
    """Return data of the made-up district's layers by name, each to be changed at will; None where there are none."""
    ws = Workspace(Path(shutil.copytree(ROOT / "tests" / "workspace", tmp_path_factory.mktemp("shishan") / "w")))

    def layer(name):
        return ws.layer(name).data.copy(deep=True) if ws.has(name) else None

    return layer
