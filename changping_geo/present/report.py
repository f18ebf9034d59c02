"""The report of a run: ``report.html``, which prints well, and ``report.docx``, which is what gets circulated."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from changping_geo.model import ResultError
from changping_geo.present.report_content import report_of
from changping_geo.present.report_docx import write_docx
from changping_geo.present.report_html import html_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec
    from changping_geo.present.report_parts import Report

STEM = "report"


def write_report(run: Run, specs: Sequence[MapSpec], folder: Path) -> list[Path]:
    """Write the report of a run into its folder.

    Parameters
    ----------
    run : Run
        A finished run.
    specs : sequence of MapSpec
        The maps of the run.
    folder : Path
        The run folder; gets ``report.html`` and ``report.docx``.

    Returns
    -------
    list of Path
        The two files.
    """
    return write_pages(report_of(run, specs), folder, STEM)


def write_pages(report: Report, folder: Path, stem: str, language: str = "zh") -> list[Path]:
    """Write a report as ``<stem>.html`` and ``<stem>.docx``; the same report gives the same HTML, byte by byte."""
    files = [folder / f"{stem}.html", folder / f"{stem}.docx"]
    files[0].write_text(html_of(report, language), encoding="utf-8", newline="\n")
    write_docx(report, files[1], language)
    return files


def published_report(folder: Path, to: Path | None = None) -> list[Path]:
    """Return the report of a published run, copied to another folder when one is named.

    Raises
    ------
    ResultError
        If the run has none, or `to` cannot be written.
    """
    files = [folder / f"{STEM}.html", folder / f"{STEM}.docx"]
    lacking = [path.name for path in files if not path.is_file()]
    if lacking:
        raise ResultError(f"{folder} lacks {', '.join(lacking)}; compute it again with `changping-geo run`")
    if to is None:
        return files
    try:
        to.mkdir(parents=True, exist_ok=True)
        return [shutil.copyfile(path, to / path.name) for path in files]
    except OSError as error:
        raise ResultError(f"cannot write to {to}: {error}; choose another folder with --to") from error
