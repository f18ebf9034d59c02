"""A report as one HTML file that asks for nothing outside; every text of it is plain."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from changping_geo.present.offline import asset, script_element, security_policy, style_element
from changping_geo.present.report_draw import svg
from changping_geo.present.text import plain
from changping_geo.present.webmap import language_button

if TYPE_CHECKING:
    from changping_geo.present.report_parts import Chart, Report

TEMPLATE = "report.html.jinja"


def html_of(report: Report, language: str = "zh") -> str:
    """Return a report as HTML.

    Parameters
    ----------
    report : Report
        The report.
    language : str
        ``zh`` or ``en``: the language at start; the page has both.
    """
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            language=language,
            policy=Markup(security_policy()),  # noqa: S704 - the package's own markup, as below
            style=Markup(style_element(asset("common.css") + asset("report.css"))),  # noqa: S704
            button=Markup(language_button()),  # noqa: S704
            script=Markup(script_element(asset("report.js"))),  # noqa: S704
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("changping_geo.present", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=False,
    )
    environment.filters["svg"] = _chart
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    environment.filters["one_line"] = lambda text: " ".join(text.split())
    return environment


def _inert(value: Any) -> Any:
    """Return text as HTML that shows exactly that text; more is escaped than a template would."""
    return value if isinstance(value, Markup) else Markup(plain(value))  # noqa: S704 - made plain here


def _chart(chart: Chart) -> Markup:
    return Markup(svg(chart.drawing, chart.title))  # noqa: S704 - svg makes every text plain
