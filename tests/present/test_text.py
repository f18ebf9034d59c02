from __future__ import annotations

import html
import json
import re

import pytest
from branca.element import Template
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.present.text import embed_json, plain, title_text, writable

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "${alert(1)}",
    "`-alert(1)-`",
    "{{7*7}}",
    "{% for x in y %}",
    "{# note #}",
    "# line",
    "'\"><svg onload=alert(1)>",
    "a\\u003cb",
    "&lt;b&gt;",
    "<!--",
)
WRITABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@pytest.mark.parametrize("text", ATTACKS)
def test_plain_leaves_only_entities_of_active_characters(text):
    assert not re.search(r"[<>\"'`{}$%\\]", plain(text))
    assert not re.search(r"#(?!\d+;)|&(?!#)", plain(text))


@given(WRITABLE | st.sampled_from(ATTACKS))
def test_plain_text_reads_back_as_it_was(text):
    assert html.unescape(plain(text)) == text


@given(WRITABLE | st.sampled_from(ATTACKS))
def test_templates_leave_plain_text_alone_even_twice(text):
    once = Template(plain(text), keep_trailing_newline=True).render()
    assert Template(once, keep_trailing_newline=True).render() == plain(text)


def test_what_no_page_can_hold_is_replaced():
    assert writable("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert plain("a\rb") == "a&#13;b"


def test_a_title_stands_on_one_line():
    assert title_text("a\n  <b>") == "a &#60;b&#62;"


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        WRITABLE | st.integers() | st.booleans() | st.none(), lambda x: st.lists(x) | st.dictionaries(WRITABLE, x)
    )
)
def test_embedded_json_reads_back_and_holds_nothing_active(obj):
    text = embed_json(obj)
    assert json.loads(text) == obj
    assert not re.search("[<>&`$%#]", text)
    assert "{{" not in text


@pytest.mark.parametrize("text", ATTACKS)
def test_templates_leave_embedded_json_alone(text):
    code = embed_json({"name": [text, {"deep": text}]})
    assert Template(code).render() == code


def test_numbers_that_json_lacks_become_null():
    assert embed_json([float("nan"), float("inf"), 1.5]) == "[null,null,1.5]"
