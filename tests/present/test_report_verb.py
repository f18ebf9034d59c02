"""``changping-geo report`` on the made-up district: the files of a published run are enough."""

from __future__ import annotations

import csv

from docx import Document

from changping_geo.cli import main


def run(workspace, *arguments):
    verb, *rest = arguments
    return main([verb, "--workspace", str(workspace), *rest])


def test_a_published_run_has_its_report_and_gives_a_towns_sheet(workspace, tmp_path, capsys):
    assert run(workspace, "run", "rooftop_pv", "--quiet") == 0
    folder = workspace / "results" / capsys.readouterr().out.splitlines()[-1].rsplit("/", 1)[-1]
    assert (folder / "report.html").is_file()
    assert (folder / "report.docx").is_file()

    assert run(workspace, "report", "--town", "西南镇", "--to", str(tmp_path / "sheets")) == 0
    page, document = capsys.readouterr().out.splitlines()
    with (folder / "tables" / "rooftop_pv_by_town.csv").open(encoding="utf-8-sig", newline="") as file:
        code = next(row["town_code"] for row in csv.DictReader(file) if row["town_name"] == "西南镇")
    assert page.endswith(f"report_{code}.html")
    assert "西南镇" in (tmp_path / "sheets" / f"report_{code}.html").read_text(encoding="utf-8")
    assert Document(document).paragraphs[1].text.startswith("西南镇")

    assert run(workspace, "report", "--town", "无此镇") == 2
    told = capsys.readouterr().err
    assert "unknown town '无此镇'" in told
    assert "西南镇" in told

    assert run(workspace, "report") == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / "report.html"), str(folder / "report.docx")]
