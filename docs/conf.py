"""How Sphinx makes the documentation site of these pages; `python -m tools.site` builds it."""

import ast_notebook

project = "ast_notebook"
author = "The ast_notebook founders"
copyright = author  # noqa: A001 (Sphinx's name for it)
release = version = ast_notebook.__version__
root_doc = "index"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]

# A paragraph's line may begin with `%ast`, which MyST would take for a comment.
myst_disable_syntax = ["myst_line_comment"]
myst_heading_anchors = 3

# Pages with cells run from top to bottom, each in a kernel of its own. A cell that fails is a
# warning, and so fails the build.
nb_execution_mode = "force"
nb_execution_show_tb = True
nb_execution_timeout = 600
nb_merge_streams = True

default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_use_param = False  # a type such as "frame" is a word, and no link
napoleon_use_rtype = False

html_theme = "furo"
html_title = "ast_notebook"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
copybutton_prompt_text = r"In \[\d*\]: | {2,5}\.\.\.: |>>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
