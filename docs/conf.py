"""The site: `make docs` builds it into build/docs/html, without a network.

Pages that can be made are made: sitegen writes the catalogue, the gallery, the API and the course
into docs/generated before Sphinx reads its sources.
"""

import sys
from pathlib import Path

import scalewidgets

sys.path.insert(0, str(Path(__file__).parent))  # sitegen

project = "scalewidgets"
author = "The scalewidgets developers"
copyright = author
release = version = scalewidgets.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sitegen",
]
exclude_patterns = ["sitegen", "generated/**/*.fragment.html"]

# --- pages --------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # sitegen has run the notebooks
nb_ipywidgets_js = {}  # labs bring their own script
nb_mime_priority_overrides = [("html", "text/html", 0)]
html_math_renderer = "mathml"

# --- the API from docstrings --------------------------------------------------------------------
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types, shapes and units
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False  # types are words for people: "array (n,)", no names to look up
napoleon_custom_sections = [("Attributes", "params_style")]
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88

# --- the look: nothing from the network ---------------------------------------------------------
html_theme = "furo"
html_title = "scalewidgets"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # it fetches pages, which a page opened from disk may not
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
