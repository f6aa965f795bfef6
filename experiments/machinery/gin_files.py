"""From gin files to frozen configs. Every mistake of a person is said in one line.

The module knows no class of the project: classes are registered into it. Files are checked as a
whole before anything is built.
"""

import inspect
import os
import pathlib
import re
from typing import Any, NamedTuple

import gin
from gin import config_parser

from experiments.errors import BadInput, did_you_mean, one_of
from experiments.machinery.gin_text import (
    COMMAND_LINE,
    EXPECTED,
    Place,
    Unknown,
    name_of,
    statements,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
REQUIRED = "gin.REQUIRED"  # the macro that stands for a value that must be bound elsewhere
PARAMETERS = {}  # by registered name: dict from each parameter to whether it has no default
_UNBOUND = "expected a file or SET that binds it"


class Binding(NamedTuple):
    """One binding: `Class.parameter` or a macro; its value, with gin's own objects in it."""

    name: str
    value: Any
    place: Place


def register(kind, name):
    """Lets gin files bind the parameters of a class, which they call by `name`."""
    gin.register(name)(kind)
    parameters = inspect.signature(kind).parameters.values()
    PARAMETERS[name] = {one.name: one.default is one.empty for one in parameters}


def named_file(folder, name):
    """The path of a file in configs/`folder` by name. Raises: BadInput naming those there are."""
    known = sorted(item.stem for item in (CONFIGS / folder).glob("*.gin"))
    if name not in known:
        raise BadInput(f"configs/{folder}: no {name!r}: expected {one_of(str(name), known)}")
    return f"configs/{folder}/{name}.gin"


def has_file(folder, name):
    """Whether configs/`folder` has a file of this name."""
    return (CONFIGS / folder / f"{name}.gin").is_file()


def given_file(folder, given):
    """The path of a gin file that a person calls by its path, or by its name in configs/`folder`.

    Raises: BadInput naming the files there are, if it can only be a name.
    """
    name = given.removesuffix(".gin")
    if "/" in given or file_of(given).is_file():
        return given
    if name != given and not (CONFIGS / folder / given).is_file():
        return given  # whoever reads it says that it is not there
    return named_file(folder, name)


def file_of(path):
    """The file of a path from the present folder, or else from the root."""
    return pathlib.Path(path) if pathlib.Path(path).is_file() else ROOT / path


def resolve(files, bindings=(), wanted=("run",), values=None):
    """Builds configs from gin files.

    Args:
      files: paths, absolute or from the project's root; a later file may override an earlier one.
      bindings: gin bindings as text, "name = value"; these override the files. A name without a
        dot is a parameter of `run`, or a macro if it is in capitals.
      wanted: names of what to build, given to `register`.
      values: bindings as a dict from full name (`run.learning_rate`, or a macro as `THRESHOLD`) to
        Python value, or None.
    Returns: list of the built configs, in the order of `wanted`.
    Raises: BadInput naming file, parameter, value and what is expected: a file that is missing or
      not gin, an unknown name, a value out of range, a name bound twice in one file, in two files
      that do not include each other or on the command line, a binding that nothing reads.
    """
    read, own = [binding for file in files for binding in _in_file(str(file))], str(files[-1])
    read += _on_command_line(bindings, values or {}, _macros(read))
    effective = {binding.name: binding for binding in read}
    used = _used(effective, wanted, own)
    _refuse_unused(effective, used, read, (own, COMMAND_LINE))
    gin.clear_config()
    for name, value, _ in effective.values():
        gin.bind_parameter(name if "." in name else f"%{name}", value)
    try:
        return [gin.get_configurable(name)() for name in wanted]
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(_placed(error, effective)) from error


def bound(file):
    """What a file and its includes bind: dict from full name or macro to text, `%NAME` a macro."""
    return {binding.name: repr(binding.value) for binding in _in_file(str(file))}


def place_of(file, kind, *words):
    """Where a file binds the parameter of a class whose value has one of some words in it.

    `words` are sets; the first of which a word is found decides.
    Returns: text, the file alone where none is found.
    """
    own = [binding for binding in _in_file(str(file)) if binding.name.startswith(f"{kind}.")]
    for these in words:
        for _, value, place in own:
            if these & set(map(str, _leaves(value))):
                return str(place)
    return str(file)


def _on_command_line(bindings, values, macros):
    """The bindings that a command gives as text and as values, in a list.

    `macros` are what it can bind beside the parameters.
    """
    place, pairs, found = Place(COMMAND_LINE), [], {}
    for text in bindings:
        read = list(statements(text, COMMAND_LINE, PARAMETERS))
        if [type(one) for one in read] != [config_parser.BindingStatement]:
            raise BadInput(f"{place}: {text!r}: {EXPECTED}")
        pairs.append((name_of(read[0]), read[0].value))
    for name, value in [*pairs, *values.items()]:
        full = name if "." in name or name.isupper() else f"run.{name}"
        if full in found:
            raise BadInput(f"{place}: {full} is bound twice: expected once")
        found[full] = _check(Binding(full, value, place), macros)
    return list(found.values())


def _in_file(path, above=()):
    """The bindings of a file and its includes in the order in which they are read, in a list.

    A file may override what it includes, and two of its includes may include the same file. Any
    other name that is bound twice is refused. `above` are the Places where it is included.
    """
    if path in (place.file for place in above):
        raise BadInput(f"{path}: includes itself: expected a file that does not")
    try:
        text = file_of(path).read_text(encoding="utf-8-sig")  # a mark that Windows puts first goes
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "not text in UTF-8")
        where = f"{above[-1]}: include of {path}" if above else path
        raise BadInput(f"{where}: cannot be read: {reason}: expected a gin file") from error
    read, effective = [], {}
    for statement in statements(text, path, PARAMETERS):
        place = Place(path, statement.location.line_num)
        if isinstance(statement, config_parser.IncludeStatement):
            new = _in_file(_included(statement.filename, path), (*above, place))
        elif isinstance(statement, config_parser.BindingStatement):
            new = [_check(Binding(name_of(statement), statement.value, place))]
        else:  # the head of a block, whose bindings follow
            continue
        for binding in new:
            first, place = effective.get(binding.name, binding).place, binding.place
            overrides = first.file != path and place.file == path
            if first != place and not overrides:
                where = f"{place}: {binding.name} is bound twice"
                raise BadInput(f"{where}, first at {first}: expected once")
        read += new
        effective |= {binding.name: binding for binding in new}
    return read


def _included(name, path):
    """The path of a file that the file `path` includes by a name: beside it, or as it stands."""
    beside = os.path.normpath(pathlib.Path(path).parent / name)
    return beside if file_of(beside).is_file() else name


def _check(binding, macros=()):
    """The binding, if its class, its parameter and the classes in its value are registered.

    `macros` are what could have been meant by a parameter of `run` that there is not.
    """
    name, value, place = binding
    kind, _, parameter = name.rpartition(".")
    if kind.partition(".")[0] in PARAMETERS and kind not in PARAMETERS:
        raise BadInput(f"{place}: {kind} has no parts: expected Class.parameter = value")
    unknown = [leaf for leaf in _leaves(value) if isinstance(leaf, Unknown)]
    for other in [*unknown, kind]:
        if other and other not in PARAMETERS:
            raise BadInput(f"{place}: {other} is unknown: expected {one_of(other, PARAMETERS)}")
    if kind and parameter not in PARAMETERS[kind]:
        known = [*PARAMETERS[kind], *(macros if kind == "run" else ())]
        expected = one_of(parameter, known)
        raise BadInput(f"{place}: {name} is unknown: expected {expected}")
    return binding


def _used(bindings, wanted, own):
    """Names of the bindings that are read when `wanted` is built.

    What has neither a value nor a default is refused: it could stand in `own`, the person's file.
    """
    used, pending = set(), [(name, own) for name in wanted]
    while pending:
        name, reader = pending.pop()
        reads = {name: True}
        if name in PARAMETERS:
            reads = {f"{name}.{one}": needed for one, needed in PARAMETERS[name].items()}
        for full, needed in reads.items():
            if full in bindings and full not in used:
                used.add(full)
                value, place = bindings[full][1:]
                if _read_by(value) == [REQUIRED]:
                    raise BadInput(f"{place}: {full} has no value: {_UNBOUND}")
                pending += [(other, place) for other in _read_by(value)]
            elif full not in bindings and needed:
                what = f"{own}: {full}" if name in PARAMETERS else f"{reader}: %{full}"
                raise BadInput(f"{what} has no value: {_UNBOUND}")
    return used


def _refuse_unused(effective, used, read, own):
    """Refuses bindings that nothing reads.

    A part that is switched off (`Class.part = None`) leaves the bindings of its own class unread
    in the files of the project; that is no mistake, but it is one in the person's own file. Nor is
    it a mistake if a parameter is bound anew as a whole, and the macros which stand beside its
    first binding are no longer read: `read` has all Bindings, those overridden included.
    """
    replaced = {(macro, one.place.file) for one in read for macro in _read_by(one.value)}
    for name, _, place in effective.values():
        excused = place.file not in own if "." in name else (name, place.file) in replaced
        if name not in used and not excused:
            expected = f"a binding that is read{did_you_mean(name, sorted(used))}"
            if "." not in name and (macros := [one for one in _macros(read) if one in used]):
                expected = one_of(name, macros)
            raise BadInput(f"{place}: {name} has no effect: expected {expected}")


def _macros(bindings):
    """The names of the macros among some bindings, each once."""
    return list(dict.fromkeys(one.name for one in bindings if "." not in one.name))


def _read_by(value):
    """Names of the classes and macros that a value refers to."""
    kind = gin.config.ConfigurableReference
    references = [leaf for leaf in _leaves(value) if isinstance(leaf, kind)]
    return ["/".join(one.scopes) or one.selector for one in references]


def _leaves(value):
    """What a value holds inside its lists, tuples and dicts."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if not isinstance(value, (list, tuple)):
        return [value]
    return [leaf for item in value for leaf in _leaves(item)]


def _placed(error, bindings):
    """The first line of a constructor's error, with the place of the binding that it is about.

    That of a parameter that is not bound has the last file that binds another one of its class.
    """
    text = (str(error) or type(error).__name__).splitlines()[0]
    about = re.match(r"[\w./]*", text)[0]  # as in Class.parameter[0] = value
    if about in bindings:
        return f"{bindings[about].place}: {text}"
    kind = about.partition(".")[0]
    files = [one.place.file for one in bindings.values() if one.name.startswith(f"{kind}.")]
    return f"{files[-1]}: {text}" if files else text
