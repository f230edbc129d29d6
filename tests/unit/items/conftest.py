"""Items of a house."""

import pytest

from ast_notebook.bindings.tree import Items


@pytest.fixture
def items():
    items = Items()
    yield items
    items.close()


@pytest.fixture
def make(items):
    def make(type_name, **attributes):
        items.load({"x": {"type": type_name, **attributes}})
        return items.return_item("x")

    return make
