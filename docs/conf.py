"""How Sphinx builds these pages: see bin/docs."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

from kac_prediction import __version__

project = "kac_prediction"
author = "The kac_prediction developers"
copyright = author
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["notebooks"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the signatures have them
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_use_ivar = True
napoleon_use_rtype = False

html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_title = f"kac_prediction {release}"


_MARKUP = re.compile(r"(?<!`)`([^`]+)`(?!`)(?=(\w?))|([|*])")


def _as_rest(found: re.Match[str]) -> str:
    """Return code for what stands in single backticks, and bars and asterisks as they are."""
    code, letter, sign = found.groups()
    return f"\\{sign}" if sign else f"``{code}``" + ("\\ " if letter else "")


def _mathml(writer: Any, node: Any) -> None:
    """Write a formula as browsers show it by themselves, without a network."""
    block = isinstance(node, nodes.math_block)
    formula = convert(node.astext(), display="block" if block else "inline")
    writer.body.append(f'<div class="math">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def _whole_sentences(
    _app: Any, what: Any, _name: Any, _obj: Any, _options: Any, lines: Any
) -> None:
    """Undo that napoleon takes what stands before a colon for the type of a property."""
    kinds = [line for line in lines if line.startswith(":type: ")]
    if what == "property" and kinds:
        lines.remove(kinds[0])
        lines[0] = f"{kinds[0].removeprefix(':type: ')}: {lines[0]}"


def setup(app: Sphinx) -> None:
    """Read docstrings as they are meant, which is not quite reStructuredText; write MathML."""
    app.add_html_math_renderer("mathml", (_mathml, None), (_mathml, None))

    def process(_app: Any, _what: Any, _name: Any, _obj: Any, _options: Any, lines: Any) -> None:
        lines[:] = _MARKUP.sub(_as_rest, "\n".join(lines)).split("\n")

    app.connect("autodoc-process-docstring", process, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", _whole_sentences, priority=600)  # after it
