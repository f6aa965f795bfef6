"""A digest of source code: it changes with what the code does, not with how that is described."""

import ast
import functools
import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
DESCRIBED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)  # by docstrings


@functools.cache
def source_digest(*modules, left_out=(), root=ROOT):
    """Digest of some modules and of all modules of the project that they import, directly or not.

    It is taken from the syntax trees without docstrings: comments, docstrings and the layout of the
    text do not count, every other change does. A package counts as far as a name is imported from
    its own `__init__.py`.

    Args:
      modules: dotted names.
      left_out: dotted names of modules and packages that do not count.
      root: folder of the project.
    Returns: 12 hexadecimal digits.
    """
    trees = {}
    for module in modules:
        _collect(module, set(left_out), root, trees)
    text = json.dumps([[name, _plain(trees[name])] for name in sorted(trees)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _collect(module, left_out, root, trees):
    """Adds the syntax tree of a module, and of those that it imports, to a dict by name."""
    parts = module.split(".")
    names = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    path = _path(module, root)
    if path is None or module in trees or names & left_out:
        return
    trees[module] = ast.parse(path.read_text())
    for node in ast.walk(trees[module]):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):  # the project has no relative imports
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name if _path(name, root) else node.module for name in inner]
        else:
            continue
        for name in found:
            _collect(name, left_out, root, trees)


def _path(module, root):
    """The file of a module, or None if it is not one of the project."""
    folder = root.joinpath(*module.split("."))
    files = (folder / "__init__.py", folder.with_suffix(".py"))
    return next((path for path in files if path.is_file()), None)


def _plain(node):
    """A syntax tree as lists and texts, the same ones in every version of Python.

    Fields that are empty are left out, since later versions of Python add such fields.
    """
    if isinstance(node, list):
        return [_plain(child) for child in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, DESCRIBED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = fields["body"][1:]
    return [type(node).__name__] + [
        [name, _plain(value)] for name, value in fields.items() if value not in (None, [])
    ]
