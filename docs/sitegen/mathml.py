"""Equations as MathML, which browsers typeset themselves: no script, no font, no network.

The conversion is docutils' own.
"""

from __future__ import annotations

import re
from html import escape

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

_LOG = logging.getLogger(__name__)
_BETWEEN_TAGS = re.compile(r">\s+<")
_DOTS = re.compile(r"\\dots(?![a-zA-Z])")  # docutils knows the name of each kind alone


def register(app: Sphinx) -> None:
    """Makes ``html_math_renderer = "mathml"`` known."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


def to_mathml(tex: str, *, block: bool) -> str:
    """LaTeX as a ``<math>`` element.

    Raises
    ------
    MathError
        For LaTeX that is not understood.
    """
    found: str = tex2mathml(_DOTS.sub(r"\\ldots", tex), as_block=block)
    return _BETWEEN_TAGS.sub("><", found)


def _typeset(node: nodes.Element, *, block: bool) -> str:
    """The equation, or its LaTeX and a warning that says where it stands."""
    tex = node.astext().strip()
    try:
        return to_mathml(tex, block=block)
    except MathError as error:
        _LOG.warning("an equation cannot be typeset: %s: %s", error, tex, location=node)
        return f"<code>{escape(tex)}</code>"


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_typeset(node, block=False))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    anchors = "".join(f'<span id="{escape(one)}"></span>' for one in node.get("ids", ()))
    self.body.append(f'<div class="equation">{anchors}{_typeset(node, block=True)}</div>\n')
    raise nodes.SkipNode
