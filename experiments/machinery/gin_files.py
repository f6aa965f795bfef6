"""From gin files to frozen configs. Every mistake of a person is said in one line.

The module knows no class of the project: classes are registered into it. Files are parsed with
gin's own parser and checked as a whole before anything is built.
"""

import inspect
import pathlib
import re
import tokenize
from typing import Any, NamedTuple

import gin
from gin import config_parser

from experiments.errors import BadInput, did_you_mean, one_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
COMMAND_LINE = "command line"
PARAMETERS = {}  # by registered name: dict from each parameter to whether it has no default
_EXPECTED = (
    "expected name = value, the value a number, 'string', True, False, None, list, tuple, dict, "
    "@reference or %macro"
)
# Quoted text is kept whole. Nothing else in a value can hold a name with "=" behind it.
_ONE_BINDING = re.compile(r"""(?:'[^']*'|"[^"]*"|\S|\s(?!\s*[A-Za-z_][\w./]*\s*=))+""")


class Place(NamedTuple):
    """Where a binding stands."""

    file: str
    line: int = 1

    def __str__(self):
        return self.file if self.file == COMMAND_LINE else f"{self.file}:{self.line}"


class Binding(NamedTuple):
    """One binding: `Class.parameter` or a macro; its value, with gin's own objects in it."""

    name: str
    value: Any
    place: Place


class _Unknown(str):
    """The name of a reference to a class that is not registered."""


class _Delegate(gin.config.ParserDelegate):
    """Reads references as gin does, but leaves it to `_check` to refuse an unknown one."""

    def configurable_reference(self, name, evaluate):
        if name not in PARAMETERS:
            return _Unknown(name)
        return super().configurable_reference(name, evaluate)


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
    read += _on_command_line(bindings, values or {})
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


def split_bindings(text):
    """Cuts "a=1 b.c=(2, 3) d='x y'" into its bindings: at white space before a name and "="."""
    return [part.strip() for part in _ONE_BINDING.findall(text) if part.strip()]


def _on_command_line(bindings, values):
    """The bindings that a command gives as text and as values, in a list."""
    place, pairs, found = Place(COMMAND_LINE), [], {}
    for text in bindings:
        statements = list(_statements(text, COMMAND_LINE))
        if [type(one) for one in statements] != [config_parser.BindingStatement]:
            raise BadInput(f"{place}: {text!r}: {_EXPECTED}")
        pairs.append((_name(statements[0]), statements[0].value))
    for name, value in [*pairs, *values.items()]:
        full = name if "." in name or name.isupper() else f"run.{name}"
        if full in found:
            raise BadInput(f"{place}: {full} is bound twice: expected once")
        found[full] = _check(Binding(full, value, place))
    return list(found.values())


def _in_file(path, above=()):
    """The bindings of a file and its includes in the order in which they are read, in a list.

    It is looked up from the present folder, then from the root. A file may override what it
    includes, and two of its includes may include the same file. Any other name that is bound twice
    is refused. `above` are the files that include it.
    """
    if path in above:
        raise BadInput(f"{path}: includes itself: expected a file that does not")
    try:
        text = (pathlib.Path(path) if pathlib.Path(path).is_file() else ROOT / path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "not text")
        raise BadInput(f"{path}: cannot be read: {reason}") from error
    read, effective = [], {}
    for statement in _statements(text, path):
        if isinstance(statement, config_parser.IncludeStatement):
            new = _in_file(statement.filename, (*above, path))
        elif isinstance(statement, config_parser.BindingStatement):
            place = Place(path, statement.location.line_num)
            new = [_check(Binding(_name(statement), statement.value, place))]
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


def _statements(text, where):
    """Yields the statements of a text; BadInput names the line if it is not gin or imports."""
    try:
        for statement in config_parser.ConfigParser(text, _Delegate()):
            if isinstance(statement, config_parser.ImportStatement):
                place = Place(where, statement.location.line_num)
                raise BadInput(f"{place}: import of {statement.module}: expected bindings alone")
            yield statement
    except SyntaxError as error:
        line = [*text.splitlines(), ""][error.lineno - 1].strip()
        raise BadInput(f"{Place(where, error.lineno)}: not gin: {line}: {_EXPECTED}") from error
    except tokenize.TokenError as error:
        raise BadInput(f"{where}: a bracket or quote is open: expected closed ones") from error


def _name(statement):
    """The full name that a statement binds."""
    scope = f"{statement.scope}/" if statement.scope else ""
    return scope + ".".join(filter(None, (statement.selector, statement.arg_name)))


def _check(binding):
    """The binding, if its class, its parameter and the classes in its value are registered."""
    name, value, place = binding
    kind, _, parameter = name.rpartition(".")
    if kind.partition(".")[0] in PARAMETERS and kind not in PARAMETERS:
        raise BadInput(f"{place}: {kind} has no parts: expected Class.parameter = value")
    unknown = [leaf for leaf in _leaves(value) if isinstance(leaf, _Unknown)]
    for other in [*unknown, kind]:
        if other and other not in PARAMETERS:
            raise BadInput(f"{place}: {other} is unknown: expected {one_of(other, PARAMETERS)}")
    if kind and parameter not in PARAMETERS[kind]:
        expected = one_of(parameter, PARAMETERS[kind])
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
                pending += [(other, place) for other in _read_by(value)]
            elif full not in bindings and needed:
                what = f"{own}: {full}" if name in PARAMETERS else f"{reader}: %{full}"
                raise BadInput(f"{what} has no value: expected a file or SET that binds it")
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
            hint = did_you_mean(name, sorted(used))
            raise BadInput(f"{place}: {name} has no effect: expected a binding that is read{hint}")


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
    """The first line of a constructor's error, with the place of the binding that it is about."""
    text = (str(error) or type(error).__name__).splitlines()[0]
    about = text.partition(" = ")[0].partition("[")[0]  # as in Class.parameter[0] = value
    return f"{bindings[about].place}: {text}" if about in bindings else text
