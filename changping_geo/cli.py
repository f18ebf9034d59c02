"""The verbs a person types: ``changping-geo run | compare | export | layers | fetch | import | explain | new | …``."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from changping_geo import __version__, content
from changping_geo.model import GeoError, ParameterError, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.model import Value

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0, or 2 when something must be mended; the message is then on standard error.
    """
    _utf8()
    parser = _parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "verb"):
        parser.print_help()
        return EXIT_BAD_INPUT
    _log(quiet=given.quiet)
    try:
        given.verb(given)
    except GeoError as error:
        print(f"changping-geo: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("changping-geo: stopped; nothing was published", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--workspace", type=Path, default=Path(), metavar="DIR", help="the district's folder (here)")
    common.add_argument("--language", choices=("zh", "en"), default="zh", help="language of labels (zh)")
    common.add_argument("--quiet", action="store_true", help="no progress")
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="sets", help="choose a parameter"
    )
    chosen.add_argument("--scenario", type=Path, metavar="FILE", help="a TOML with chosen parameters")
    chosen.add_argument("--results", type=Path, metavar="DIR", help="folder of run folders (WORKSPACE/results)")

    parser = argparse.ArgumentParser(
        prog="changping-geo", description="Plan a district's carbon peak on its own layers."
    )
    parser.add_argument("--version", action="version", version=f"changping-geo {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")

    run = verbs.add_parser("run", parents=[common, chosen], help="compute analyses and publish a run folder")
    run.add_argument("analyses", nargs="*", metavar="ANALYSIS", help="by default all")
    run.set_defaults(verb=_run)

    compare = verbs.add_parser("compare", parents=[common], help="two scenarios side by side: maps, tables, workbook")
    compare.add_argument("a", metavar="A", help="a scenario: a name in scenarios/, a TOML file, or default")
    compare.add_argument("b", metavar="B", help="the other one")
    compare.add_argument("analyses", nargs="*", metavar="ANALYSIS", help="by default those that the choices touch")
    compare.add_argument("--results", type=Path, metavar="DIR", help="folder of run folders (WORKSPACE/results)")
    compare.set_defaults(verb=_compare)

    _export_parser(verbs.add_parser("export", parents=[common], help="layers of a published run in another format"))

    _report_parser(verbs.add_parser("report", parents=[common], help="the report of a published run, or of one town"))

    layers = verbs.add_parser("layers", parents=[common], help="every layer with source, status and rows")
    layers.add_argument(
        "action",
        nargs="?",
        choices=("check", "accept", "compare"),
        help="validate, acknowledge a changed file, or put two sources of a layer side by side",
    )
    layers.add_argument("--with", default="", metavar="ID", dest="other", help="compare: the other source (the next)")
    layers.add_argument("names", nargs="*", metavar="LAYER|FILE", help="by default all layers")
    layers.set_defaults(verb=_layers)

    _fetch_parser(verbs.add_parser("fetch", parents=[common], help="download open data for the outline"))

    _import_parser(verbs.add_parser("import", parents=[common], help="recognise a delivered file and take it in"))

    explain = verbs.add_parser("explain", parents=[common, chosen], help="where a number comes from")
    explain.add_argument("output", metavar="OUTPUT", help="analysis.output, as rooftop_pv.pv_energy_mwh_a")
    explain.add_argument("--town", default="", metavar="NAME", help="name or code; by default the district")
    explain.set_defaults(verb=_explain)

    parameters = verbs.add_parser("parameters", parents=[common], help="all parameter cards")
    parameters.add_argument("analysis", nargs="?", metavar="ANALYSIS", help="by default all")
    parameters.set_defaults(verb=_parameters)

    new = verbs.add_parser("new", parents=[common], help="a workspace for another district, ready to fill")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.set_defaults(verb=_new)
    return parser


def _export_parser(export: argparse.ArgumentParser) -> None:
    formats = ("gpkg", "gdb", "shp", "geojson", "parquet", "fgb", "kml", "dxf", "cog")
    export.add_argument("--format", required=True, choices=formats, dest="form", help="cog for rasters")
    export.add_argument("--layer", action="append", default=[], metavar="NAME", dest="names", help="by default all")
    export.add_argument(
        "--crs", default="", metavar="CODE|FILE", help="EPSG code, or a file with WKT (the layers' own)"
    )
    export.add_argument("--encoding", choices=("utf-8", "gbk"), default="utf-8", help="of shapefiles (utf-8)")
    export.add_argument("--run", default="latest", metavar="KEY", help="a published run (latest)")
    export.add_argument("--results", type=Path, metavar="DIR", help="folder of run folders (WORKSPACE/results)")
    export.add_argument("--to", type=Path, metavar="DIR", help="folder to be made (in results/exports)")
    export.set_defaults(verb=_export)


def _report_parser(report: argparse.ArgumentParser) -> None:
    report.add_argument("--town", default="", metavar="NAME", help="name or code of a town; by default the district")
    report.add_argument("--run", default="latest", metavar="KEY", help="a published run (latest)")
    report.add_argument("--results", type=Path, metavar="DIR", help="folder of run folders (WORKSPACE/results)")
    report.add_argument("--to", type=Path, metavar="DIR", help="where the files go (the run folder)")
    report.set_defaults(verb=_report)


def _report(given: argparse.Namespace) -> None:
    from changping_geo.handoff import find_run  # noqa: PLC0415 - heavy
    from changping_geo.present.report import published_report  # noqa: PLC0415
    from changping_geo.present.report_town import town_sheet  # noqa: PLC0415

    folder = find_run((given.results or given.workspace / "results").resolve(), given.run)
    town, to = given.town, given.to
    files = town_sheet(folder, town, to, given.language) if town else published_report(folder, to)
    print("\n".join(map(str, files)))


def _fetch_parser(fetch: argparse.ArgumentParser) -> None:
    fetch.add_argument("names", nargs="*", metavar="LAYER", help="see --list")
    fetch.add_argument("--all", action="store_true", help="every layer that is not delivered")
    fetch.add_argument("--list", action="store_true", help="who gives what, under which licence, and how much")
    fetch.add_argument("--dry-run", action="store_true", help="show the requests, make none")
    fetch.add_argument("--from", type=Path, metavar="FILE", dest="file", help="read OpenStreetMap from a .osm.pbf")
    fetch.add_argument("--by", default="", metavar="PROVIDER", help="another provider than the first in the list")
    fetch.set_defaults(verb=_fetch)


def _import_parser(imported: argparse.ArgumentParser) -> None:
    imported.add_argument("file", type=Path, metavar="FILE", help="vector, raster, CSV, Excel, geodatabase, or a zip")
    imported.add_argument("--as", default="", metavar="LAYER", dest="layer", help="the layer it is for (found out)")
    imported.add_argument("--layer", default="", metavar="NAME", dest="inner", help="layer, sheet or file inside it")
    imported.add_argument("--status", default="", choices=("official", "open", "reconstructed", "synthetic"))
    imported.add_argument("--origin", default="", metavar="TEXT", help="who made it")
    imported.add_argument("--yes", action="store_true", help="write without asking")
    imported.set_defaults(verb=_import)


def _import(given: argparse.Namespace) -> None:
    from changping_geo.intake.verb import import_file  # noqa: PLC0415 - heavy

    def confirm() -> bool:
        if given.yes:
            return True
        question = "写入? [y/N] " if given.language == "zh" else "Write it? [y/N] "
        return sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes", "是")

    chosen = {"inner": given.inner, "status": given.status, "origin": given.origin, "language": given.language}
    print(import_file(given.workspace, given.file, given.layer, **chosen, show=print, confirm=confirm))


def _fetch(given: argparse.Namespace) -> None:
    from changping_geo.fetch import engine  # noqa: PLC0415 - heavy

    if given.list:
        print(engine.listing(given.workspace, given.language))
        return
    if not given.names and not given.all:
        raise ParameterError("name layers to be fetched, or --all; `changping-geo fetch --list` shows them")
    if given.dry_run:
        print(engine.dry_run(given.workspace, given.names, given.by, given.file))
    else:
        print(engine.fetch(given.workspace, given.names, given.by, given.file))


def _export(given: argparse.Namespace) -> None:
    from changping_geo.handoff import hand_off  # noqa: PLC0415 - heavy

    results = (given.results or given.workspace / "results").resolve()
    chosen = {"crs": given.crs, "encoding": given.encoding, "run": given.run, "to": given.to}
    print(hand_off(results, given.form, given.names, **chosen))


def _run(given: argparse.Namespace) -> None:
    from changping_geo.screen import findings  # noqa: PLC0415

    folder = _publish(given, tuple(given.analyses))
    print(findings(folder, given.language))
    print(folder)


def _compare(given: argparse.Namespace) -> None:
    from changping_geo.side_by_side import publish_compare  # noqa: PLC0415 - heavy

    results = given.results.resolve() if given.results else None
    print(publish_compare(given.workspace.resolve(), given.a, given.b, given.analyses, results))


def _publish(given: argparse.Namespace, names: tuple[str, ...]) -> Path:
    """Answer from the published folder when there is one, before anything heavy is imported."""
    folder = _published(given, names)
    if folder is not None:
        return folder
    from changping_geo.run import publish  # noqa: PLC0415 - heavy

    results = given.results.resolve() if given.results else None
    return publish(given.workspace.resolve(), names, _settings(given), results)


def _published(given: argparse.Namespace, names: tuple[str, ...]) -> Path | None:
    root = given.workspace.resolve()
    if not (root / "layers" / "district.toml").is_file():
        raise SpecError(
            f"{root} is no workspace: layers/district.toml is missing; make one with `changping-geo new DIR`"
        )
    results = given.results.resolve() if given.results else root / "results"
    folder: Path = results / content.run_key(root, names, _settings(given))
    return folder if (folder / "provenance.json").is_file() else None


def _settings(given: argparse.Namespace) -> dict[str, Value]:
    settings: dict[str, Value] = {}
    if given.scenario:
        from changping_geo.wiring import read_scenario  # noqa: PLC0415

        settings |= read_scenario(given.scenario)
    for text in given.sets:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--set {text!r}: write NAME=VALUE, as rooftop_pv.system_loss=0.12")
        settings[name.strip()] = value.strip()
    return settings


def _layers(given: argparse.Namespace) -> None:
    from changping_geo.catalogue import accept, check, overview  # noqa: PLC0415 - heavy

    if given.action == "compare":
        from changping_geo.sources_compare import publish_sources  # noqa: PLC0415 - heavy

        if len(given.names) != 1:
            raise ParameterError("name one layer: changping-geo layers compare LAYER [--with ID]")
        print(publish_sources(given.workspace.resolve(), given.names[0], given.other, given.language))
    elif given.action == "accept":
        print(accept(given.workspace, given.names))
    elif given.action == "check":
        print(check(given.workspace, given.names, given.language))
    else:
        print(overview(given.workspace, given.language))


def _explain(given: argparse.Namespace) -> None:
    from changping_geo.explain import explain  # noqa: PLC0415

    folder = _published(given, ()) or _publish(given, (given.output.partition(".")[0],))
    print(explain(folder, given.output, given.town, given.language))


def _parameters(given: argparse.Namespace) -> None:
    from changping_geo.catalogue import parameters  # noqa: PLC0415 - heavy

    print(parameters(given.workspace, given.analysis, given.language))


def _new(given: argparse.Namespace) -> None:
    from changping_geo.new import new_workspace  # noqa: PLC0415

    print(new_workspace(given.folder))


def _log(*, quiet: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("· %(message)s"))
    logger = logging.getLogger("changping_geo")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False


def _utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
