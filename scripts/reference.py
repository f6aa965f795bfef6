"""Every gin parameter as a page: its type, what the project's files bind it to, what it means."""

import dataclasses
import inspect
import re
import typing

from experiments.machinery.gin_files import CONFIGS, bound
from experiments.studies import registry
from experiments.studies.configs import Case
from experiments.training.config import RunConfig

LONGEST = 60  # letters of a value on the page; the file is named in place of a longer one
SHARED = ("divergence", "telemetry", "studies/calibration", "studies/table2", "studies/figure7")
HEAD = """# Gin parameters

Written by `make readme` from the code: do not edit. Each heading is a class that a gin file may
name, each row one parameter: its type, what the files of the project bind it to, and what it means.
A value that differs by profile, model or method is given for each. A dash: the file of a run or of
a study binds it. `SET='StreamConfig.days=20'` binds a parameter on the command line; of `run` the
name alone will do (`SET='learning_rate=0.3'`). [README.md](README.md) says how to go about it.
"""
MACROS = """## Macros

What `%NAME` stands for in a value above; `SET='NAME=..'` binds it.

| macro | value |
| --- | --- |"""


def reference():
    """The page as markdown. Raises: ValueError for a parameter that its class does not describe."""
    values = _values()
    kinds = {"run": RunConfig, **{kind.__name__: kind for kind in registry.CLASSES}}
    parts = [HEAD, *(_section(name, kind, values) for name, kind in kinds.items())]
    parts.append(_section("Case", Case, values, "The fields of each entry of `CasesConfig.cases`."))
    macros = [f"| `{name}` | {value} |" for name, value in values.items() if "." not in name]
    return "\n".join([*parts, MACROS, *macros]) + "\n"


def arguments(docstring):
    """What a docstring says of each argument, of which several may share an entry: dict by name."""
    found, names = {}, ()
    part = inspect.cleandoc(docstring).partition("Args:\n")[2]
    for line in part.splitlines():
        entry = re.fullmatch(r"  (\w+(?:, \w+)*): (.*)", line)
        if entry:
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        elif line.startswith("    "):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        else:
            break
    return found


def _section(name, kind, values, words=""):
    said = arguments(kind.__doc__)
    lines = [f"## {name}", "", words or inspect.cleandoc(kind.__doc__).partition("\n\n")[0], ""]
    hints = typing.get_type_hints(kind)
    lines += ["| parameter | type | value | meaning |", "| --- | --- | --- | --- |"]
    for field in dataclasses.fields(kind):
        if field.name not in said:
            raise ValueError(f"{name}.{field.name}: its docstring does not say what it is")
        value = values.get(f"{name}.{field.name}") or _default(field)
        if not value.startswith("`") and field.default is not dataclasses.MISSING:
            value += f", others `{field.default!r}`"  # where some of the files bind it
        cells = [f"`{field.name}`", f"`{_type(hints[field.name])}`", value, said[field.name]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _type(kind):
    """A type as a person writes it, without the modules of its classes."""
    text = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)


def _default(field):
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()!r}` unless bound"
    if field.default is dataclasses.MISSING:
        return "-"
    return f"`{field.default!r}` unless bound"


def _values():
    """What each parameter is bound to, as markdown, by its full name."""
    found = {}
    for folder in ("methods", "models", "profiles"):
        by_file = {path.stem: bound(path) for path in sorted((CONFIGS / folder).glob("*.gin"))}
        for name in dict.fromkeys(name for values in by_file.values() for name in values):
            here = {stem: of[name] for stem, of in by_file.items() if name in of}
            found[name] = ", ".join(f"{stem} `{value}`" for stem, value in here.items())
            kind = f"{name.partition('.')[0]}."  # a profile binds what its own kind of runs has
            alike = [of for of in by_file.values() if any(one.startswith(kind) for one in of)]
            if len(here) == len(alike) and len(set(here.values())) == 1:
                found[name] = f"`{min(here.values())}`"
    for stem in SHARED:
        for name, value in bound(CONFIGS / f"{stem}.gin").items():
            long = f"see [{stem}.gin]({stem}.gin)"
            found[name] = long if len(value) > LONGEST else f"`{value}`"
    return found
