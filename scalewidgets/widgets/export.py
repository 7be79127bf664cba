"""Labs as HTML that lives without a kernel: a page of its own, and a fragment for other pages.

The front end's bundle and what the lab holds travel in the text, so that nothing is fetched. A
fragment has three parts: a still (a table, and a picture where one can be made) for places that
strip scripts, the lab as JSON, and a script that puts the live lab in place of the still.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np

from .still import picture, tables

if TYPE_CHECKING:
    from .lab import Lab

_MOUNT = re.compile(r"export\s*\{[^}]*?([\w$]+) as mountPage\b[^}]*\};?\s*$")
_GROUND = """
:root { color-scheme: light dark; }
body { margin: 16px; background: #fff; color: #1c2430; font: 14px/1.45 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #12161d; color: #eef1f6; } }
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{ground}</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(slots=True)
class Options:
    """What all labs of a session do, as ``scalewidgets.options``.

    Attributes
    ----------
    embed : bool
        A lab that is displayed leaves a live copy of itself in the notebook, for pages that are
        made of it: ``jupyter nbconvert --to html``, Jupyter Book, MyST. About 200 kB a lab.
    """

    embed: bool = False


options = Options()


def page(lab: Lab) -> str:
    """A whole page with the lab on it, which may run its own script and nothing else."""
    styles = f"{_hash(_GROUND)} {_hash(_source(lab, '_css'))}"
    policy = (
        f"default-src 'none'; script-src {_hash(_script(lab))}; style-src {styles}; "
        "base-uri 'none'; form-action 'none'"
    )
    title = escape(lab.spec["title"])
    body = _body(lab, tables(lab.sheet()))
    return _PAGE.format(policy=policy, title=title, ground=_GROUND, body=body)


def fragment(lab: Lab) -> str:
    """The lab for the body of any page, with a picture for pages without scripts."""
    sheet = lab.sheet()
    return _body(lab, picture(sheet) + tables(sheet))


def _body(lab: Lab, still: str) -> str:
    """After ``lab.sheet()`` the kernel's answer is complete: a page has no later."""
    return (
        f'<div class="scalewidgets-page">\n<h2>{escape(lab.spec["title"])}</h2>\n{still}\n'
        f'<script type="application/json">{_json(_saved(lab))}</script>\n'
        f"<script>{_script(lab)}</script>\n</div>"
    )


def _saved(lab: Lab) -> dict[str, Any]:
    """What js/src/page.ts makes the lab of."""
    host = anywidget.AnyWidget.class_traits()  # layout and the like
    names = [n for n in lab.traits(sync=True) if not n.startswith("_") and n not in host]
    state = {name: getattr(lab, name) for name in names}
    return {"css": _source(lab, "_css"), "state": state, "momentary": list(lab.momentary)}


def _source(lab: Lab, name: str) -> str:
    """The front end's text as the notebook gets it."""
    return str(lab.get_state(name)[name])


def _script(lab: Lab) -> str:
    """The bundle as a plain script, which knows its own place in the page as a module does not.

    Raises
    ------
    RuntimeError
        When the front end that was built is another one.
    """
    bundle = _source(lab, "_code")
    found = _MOUNT.search(bundle)
    if found is None:
        raise RuntimeError(
            "the front end (static/lab.js) ends without `mountPage` among its exports: build it "
            "anew, or install the package again"
        )
    body, mount = bundle[: found.start()], found.group(1)
    return f'(()=>{{"use strict";{body}{mount}(document.currentScript.parentElement)}})()'


def _hash(text: str) -> str:
    """The text of an element as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON that ends no script element, whatever people wrote into it."""
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    """Bytes as base 64, numbers that JSON does not have as null."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
