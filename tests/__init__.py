"""The tests of ast_notebook: a folder for each thing that they need (CONTRIBUTING.md)."""
