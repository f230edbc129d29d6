"""Compiles a logic's source into a function; the names that it assigns land in the namespace."""

from __future__ import annotations

import ast
import builtins
import symtable
import types
from collections.abc import Callable
from typing import Any

#: The names that have values of their own in each run.
BOUND = ("sh", "logic", "trigger", "logger", "event")


def compile_logic(source: str, filename: str, namespace: dict[str, Any]) -> Callable[..., object]:
    """Compile source into a function of `sh`, `logic`, `trigger`, `logger` and `event`.

    The code becomes the body of a function with these five parameters, so that each run has its own
    values of them, and functions in the code see them like any variable of an outer function. All
    other names that the code assigns are declared global, so that they land in `namespace`.

    Raises
    ------
    SyntaxError
        If the source is not Python, or has a statement that may not stand in a module.
    """
    tree = ast.parse(source, filename)
    compile(tree, filename, "exec", dont_inherit=True)  # a module may not return or yield
    future: list[ast.stmt] = [
        line
        for line in tree.body
        if isinstance(line, ast.ImportFrom) and line.module == "__future__"
    ]
    body: list[ast.stmt] = [line for line in tree.body if line not in future]
    adapt = _AsInFunction()
    body = [adapt.visit(line) for line in body]
    symbols = symtable.symtable(source, filename, "exec").get_symbols()
    assigned = [one.get_name() for one in symbols if one.is_assigned() or one.is_imported()]
    names = [name for name in {*assigned, *adapt.names} if name not in BOUND]
    declaration: list[ast.stmt] = [ast.Global(names=sorted(names))] if names else []
    shell = ast.parse(f"def logic({', '.join(BOUND)}): pass")
    function = shell.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*declaration, *body] or function.body
    shell.body = [*future, function]
    module = compile(ast.fix_missing_locations(shell), filename, "exec", dont_inherit=True)
    code = next(one for one in module.co_consts if isinstance(one, types.CodeType))
    namespace.setdefault("__builtins__", builtins)  # as exec does
    return types.FunctionType(code, namespace)


class _AsInFunction(ast.NodeTransformer):
    """Rewrites statements that only a module may have, for a function with global names."""

    def __init__(self) -> None:
        self.names: set[str] = set()  # assigned by := in a comprehension, which symtable hides

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.names.add(node.target.id)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Drop the annotation, since a global name in a function may not have one."""
        if not node.simple:
            return node
        written: ast.stmt = ast.Pass()
        if node.value is not None:
            written = ast.Assign(targets=[node.target], value=self.visit(node.value))
        return ast.copy_location(written, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """Replace an import of ``*``, which a function may not have, by a call that does it later.

        The call executes the import in the globals of the script.
        """
        if node.names[0].name != "*":
            return node
        call = ast.parse(f"exec({ast.unparse(node)!r}, globals())").body[0]
        for part in ast.walk(call):
            ast.copy_location(part, node)
        return call
