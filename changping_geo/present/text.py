"""Text is text: what came from data can neither run in a page nor be evaluated while the page is written."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# Openers of tags, attributes, entities, template literals (JavaScript), templates (Jinja) and escapes.
_ACTIVE = "&<>\"'`{}$%#\\"
_TO_ENTITY = {ord(char): f"&#{ord(char)};" for char in _ACTIVE}
# A page's parser would change these: they are replaced (control characters, lone surrogates) or kept as entities.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TO_ENTITY |= {ord("\r"): "&#13;"}
_IN_SCRIPT = re.compile("[<>&'`{}$%#\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def plain(text: object) -> str:
    r"""Turn any text into HTML that shows exactly that text, and nothing else.

    The characters ``& < > " ' ` { } $ % # \`` become numeric entities, so the result is inert in HTML text, in a
    quoted attribute, in a JavaScript template literal that ends in HTML, and in a Jinja template.

    Parameters
    ----------
    text : object
        Anything; ``str()`` is taken.

    Returns
    -------
    str
        HTML text. Do not escape it again.

    Examples
    --------
    >>> plain("<b>{{7*7}}</b>")
    '&#60;b&#62;&#123;&#123;7*7&#125;&#125;&#60;/b&#62;'
    """
    return writable(text).translate(_TO_ENTITY)


def writable(text: object) -> str:
    """Return text without characters that a page or a file cannot hold; each becomes U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", str(text))


def title_text(text: object) -> str:
    """Return `text` for a ``<title>``: plain, on one line."""
    return plain(" ".join(str(text).split()))


def embed_json(obj: Any) -> str:
    r"""Return JSON that may stand inside ``<script>`` and inside a template.

    Every active character within a string is written as ``\uXXXX``; numbers that JSON does not know (NaN, infinity)
    become ``null``.

    Parameters
    ----------
    obj : object
        Dictionaries, lists, tuples, text, numbers, booleans and None.

    Returns
    -------
    str
        JSON without ``<``, ``>``, ``&``, quotes other than ``"``, backticks, or template openers.

    Examples
    --------
    >>> embed_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    return _encode(_finite(obj))


def _encode(obj: Any) -> str:
    if isinstance(obj, str):
        return _IN_SCRIPT.sub(lambda m: f"\\u{ord(m.group()):04x}", json.dumps(writable(obj), ensure_ascii=False))
    if isinstance(obj, dict):
        return "{" + ",".join(f"{_encode(str(k))}:{_encode(v)}" for k, v in obj.items()) + "}"
    if isinstance(obj, (list, tuple)):
        return "[" + ",".join(_encode(v) for v in obj) + "]"
    return json.dumps(obj, allow_nan=False)


def _finite(obj: Any) -> Any:
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else None
    if isinstance(obj, dict):
        return {key: _finite(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [_finite(value) for value in obj]
    return obj
