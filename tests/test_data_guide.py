"""docs/data.md names every layer that may be delivered, with its columns, units and words as its TOML has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from changping_geo import content
from changping_geo.layers.spec import read_spec

GUIDE = Path(__file__).parent.parent / "docs" / "data.md"
SHOWN = 12


def delivered(root):
    """Contracts of the layers that somebody may deliver: not the tables of methods."""
    specs = [read_spec(path) for path in content.room(root, "layers", ".toml").values()]
    return [s for s in specs if not all(x.path.startswith("data_raw/methods/") for x in s.sources)]


def columns_of(spec):
    """The table of a layer's columns, as the guide shows it."""
    lines = ["| 列 column | 名称 title | 单位 unit | 要求 rule |", "|---|---|---|---|"]
    for column in list(spec.columns.values())[:SHOWN]:
        rule = ["必填 required"] if column.required else []
        if column.range:
            rule.append(f"{column.range[0]:g} … {column.range[1]:g}")
        if column.values:
            rule.append(", ".join(f"{zh} `{word}`" for word, (zh, _) in column.values.items()))
        unit = f"`{column.unit}`" if column.unit else ""
        lines.append(f"| `{column.name}` | {column.title_zh} {column.title_en} | {unit} | {'; '.join(rule)} |")
    if len(spec.columns) > SHOWN:
        lines.append(f"| … | {len(spec.columns) - SHOWN} more, in `layers/{spec.name}.toml` | | |")
    return "\n".join(lines)


def test_every_layer_stands_in_the_guide_with_its_columns(checkout):
    text = GUIDE.read_text(encoding="utf-8")
    for spec in delivered(checkout):
        heading = f"### `{spec.name}` {spec.title_zh} {spec.title_en}\n"
        assert heading in text, f"docs/data.md lacks {heading!r}"
        section = text.split(heading)[1].split("\n### ")[0]
        assert columns_of(spec) in section, f"docs/data.md: the columns of {spec.name} are to be:\n{columns_of(spec)}"
        assert "**问谁 ask**" in section
        assert "**开放替代 open**" in section


@pytest.mark.parametrize("verb", ["import", "layers compare", "fetch"])
def test_the_guide_tells_of_the_verbs(verb):
    assert f"changping-geo {verb}" in GUIDE.read_text(encoding="utf-8")
