"""What a page says of itself: how far its data may be trusted, where they come from, what the public must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.model import Status
from changping_geo.present.map_rows import layer_of

if TYPE_CHECKING:
    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

Pair = tuple[str, str]


def shown_layers(run: Run, spec: MapSpec) -> list[str]:
    """Return the layers that a map rests on: the towns, its own, those of its analyses, those of its base map."""
    read = [name for title in spec.analyses for name in run.analyses[title].layers]
    names = ["towns", *(drawn.layer for drawn in spec.layers), *read, *spec.ground]
    return [name for name in dict.fromkeys(names) if layer_of(run, name) is not None]


def map_status(run: Run, spec: MapSpec) -> Status:
    """Return the weakest status of what a map shows."""
    layers = (layer.status for name in shown_layers(run, spec) if (layer := layer_of(run, name)) is not None)
    return Status.weakest([*(run.analyses[title].status for title in spec.analyses), *layers])


def status_note(run: Run, spec: MapSpec) -> Pair:
    """Return the banner: what the map rests on, layer by layer, when it is not all official or open."""
    status = map_status(run, spec)
    if status <= Status.OPEN:
        return f"数据状态：{status.label_zh}", f"Data status: {status.label_en}"
    zh, en = [], []
    for kind in (Status.SYNTHETIC, Status.RECONSTRUCTED):
        titles = [run.titles.get(name, (name, name)) for name in _of_status(run, spec, kind)]
        if titles:
            zh.append(f"{kind.label_zh}：{'、'.join(t[0] for t in titles)}")
            en.append(f"{kind.label_en}: {', '.join(t[1] for t in titles)}")
    below = Status.weakest(run.ground[name].status for name in spec.ground if name in run.ground)
    if below > Status.OPEN:
        zh.append(f"底图含{below.label_zh}")
        en.append(f"base map with {below.label_en}")
    detail_zh, detail_en = "；".join(zh) or status.label_zh, "; ".join(en) or status.label_en
    detail_en = detail_en[:1].upper() + detail_en[1:]
    if status is Status.SYNTHETIC:
        return f"演示用图，不可用于决策。{detail_zh}。", f"For demonstration only, not for decisions. {detail_en}."
    return f"请谨慎使用。{detail_zh}。", f"Use with care. {detail_en}."


def short_note(run: Run, spec: MapSpec) -> Pair | None:
    """Return the line that a pop-up ends with when its numbers rest on made-up or rebuilt data."""
    status = Status.weakest(run.analyses[title].status for title in spec.analyses)
    status = max(status, run.layers["towns"].status) if "towns" in run.layers else status
    return None if status <= Status.OPEN else (f"依据：{status.label_zh}", f"Based on {status.label_en}")


def sources(run: Run, spec: MapSpec) -> list[Pair]:
    """Return one line per layer: title, status, maker and terms."""
    lines = []
    for name in shown_layers(run, spec):
        layer = layer_of(run, name)
        if layer is None:
            continue
        zh, en = run.titles.get(name, (name, name))
        made = ", ".join(layer.source[key] for key in ("origin", "licence") if layer.source.get(key))
        tail = f": {made}" if made else ""
        lines.append((f"{zh}（{layer.status.label_zh}）{tail}", f"{en} ({layer.status.label_en}){tail}"))
    return lines


def credit(run: Run, spec: MapSpec) -> list[Pair]:
    """Return what stands at the foot of a page: use, approval number, whose boundaries."""
    number = spec.map_approval_number or run.frame.map_approval_number
    boundary = spec.boundary_source or run.frame.boundary_source
    public = spec.use == "public"
    lines = [("用途：公开", "For the public") if public else ("用途：内部", "For internal use")]
    lines += [(f"审图号：{number}", f"Map approval number: {number}")] if number else []
    lines += [(f"边界来源：{boundary}", f"Boundaries: {boundary}")] if boundary else []
    return lines


def _of_status(run: Run, spec: MapSpec, kind: Status) -> list[str]:
    """Return the layers of a status that carry numbers or are shown as data; the base map is told apart."""
    base = {name for name in spec.ground if name not in run.layers} - {drawn.layer for drawn in spec.layers}
    names = (name for name in shown_layers(run, spec) if name not in base)
    return [name for name in names if (layer := layer_of(run, name)) is not None and layer.status is kind]
