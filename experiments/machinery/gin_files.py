"""From gin files to frozen configs, with every mistake of a person said in one line."""

import io
import os
import pathlib
import re
import tokenize
from typing import NamedTuple

import gin
from gin import config_parser

from experiments.errors import BadInput, did_you_mean, one_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
COMMAND_LINE = "command line"
_NOT_GIN = (
    "not gin: {}: allowed is name = value, the value a number, 'string', True, False, None, list, "
    "tuple, dict, @reference or %macro"
)

PARAMETERS = {}  # of what `register` was given, by its name

gin.add_config_file_search_path(str(ROOT))
# No other reader: that of packages fails with a TypeError where the first part of a path is a
# folder on Python's path, as for the files of `configs` from another folder than the root.
gin.config._FILE_READERS[:] = [(open, os.path.isfile)]


class Place(NamedTuple):
    """Where a binding stands."""

    file: str
    line: int

    def __str__(self):
        return self.file if self.file == COMMAND_LINE else f"{self.file}:{self.line}"


def register(kind, parameters):
    """Lets gin files bind the parameters of a class or function.

    Args:
      kind: the class or function; files call it by its name.
      parameters: names of its parameters.
    """
    gin.register(kind)
    PARAMETERS[kind.__name__] = list(parameters)


def named_file(folder, name):
    """The gin file of a profile, model, method or study by name, as a path inside the project.

    Raises: BadInput if there is none, naming those that are.
    """
    known = sorted(item.stem for item in (CONFIGS / folder).glob("*.gin"))
    if name not in known:
        raise BadInput(f"configs/{folder}: no {name!r}: allowed is {one_of(str(name), known)}")
    return f"configs/{folder}/{name}.gin"


def resolve(files, bindings=(), wanted=("run",)):
    """Builds configs from gin files.

    Args:
      files: paths, absolute or from the project's root; a later file may override an earlier one.
      bindings: gin bindings as text, "name = value"; these override the files. A name without a
        dot is a parameter of `run`.
      wanted: names of what to build, given to `register`.
    Returns: list of the built configs, in the order of `wanted`.
    Raises: BadInput naming file, parameter, value and what is allowed: a file that is missing or
      not gin, an unknown name, a value out of range, a name bound twice in one file or in two
      files that do not include each other, a binding that nothing used.
    """
    bindings = [_full_name(text) for text in bindings]
    places = {}
    try:
        for file in files:
            places |= _places_of_file(str(file))
        for text in bindings:
            for name, _ in _bindings_in(io.StringIO(text), COMMAND_LINE):
                if places.get(name) == Place(COMMAND_LINE, 1):
                    raise BadInput(f"{COMMAND_LINE}: {name} is bound twice: allowed is once")
                places[name] = Place(COMMAND_LINE, 1)
        gin.clear_config()
        gin.parse_config_files_and_bindings(
            [str(file) for file in files], bindings, finalize_config=False, skip_unknown=False
        )
        built = [gin.get_configurable(name)() for name in wanted]
    except BadInput:
        raise
    except (ValueError, TypeError, SyntaxError, OSError, RuntimeError) as error:
        raise BadInput(_in_one_line(error, places, str(files[-1]))) from error
    _check_all_used(places, own=(str(files[-1]), COMMAND_LINE))
    return built


def bound(file):
    """What a gin file of the project and its includes bind: dict from full name to value as text.

    A macro has its name alone, and is shown as `%NAME` where it is the value of a parameter.
    """
    gin.clear_config()
    gin.parse_config_file(str(file), skip_unknown=False)
    keys = {
        name: name if "." in name else f"{name}/macro.value" for name in _places_of_file(str(file))
    }
    return {name: repr(gin.query_parameter(key)) for name, key in keys.items()}


def split_bindings(text):
    """Cuts "a=1 b.c=(2, 3) d='x y'" into its bindings: at white space before a name and "=".

    White space inside brackets or quotes does not count.
    """
    parts, depth, quote = [""], 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        outside = letter.isspace() and not quote and depth == 0
        if outside and re.match(r"\s*[A-Za-z_][\w./]*\s*=", text[place:]):
            parts.append("")
        parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _full_name(binding):
    name, equals, value = (part.strip() for part in binding.partition("="))
    if not equals or not name or not value:
        raise BadInput(f"command line: {binding!r}: allowed is name=value")
    return f"{name if '.' in name or name.isupper() else 'run.' + name} = {value}"


class _NamesOnly(config_parser.ParserDelegate):
    """Reads references and macros as text: only names and places of bindings matter here."""

    def configurable_reference(self, scoped_configurable_name, evaluate):
        return f"@{scoped_configurable_name}{'()' if evaluate else ''}"

    def macro(self, macro_name):
        return f"%{macro_name}"


def _bindings_in(file, where):
    """Yields (name, line) of every binding and (None, path) of every include of an open file.

    Raises: BadInput naming `where` and the line, if the text is not gin.
    """
    try:
        for statement in config_parser.ConfigParser(file, _NamesOnly()):
            if isinstance(statement, config_parser.IncludeStatement):
                yield None, statement.filename
            elif isinstance(statement, config_parser.BindingStatement):
                parts = [statement.scope, statement.selector.split(".")[-1], statement.arg_name]
                yield ".".join(filter(None, parts)), statement.location.line_num
            elif isinstance(statement, config_parser.ImportStatement):
                place = Place(where, statement.location.line_num)
                raise BadInput(f"{place}: import of {statement.module}: allowed are bindings")
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise BadInput(f"{Place(where, error.lineno)}: {_NOT_GIN.format(text)}") from error
    except tokenize.TokenError as error:
        raise BadInput(f"{where}: an open bracket or quote: allowed are closed ones") from error
    except UnicodeDecodeError:
        raise
    except ValueError as error:  # gin's word for a value that Python cannot read
        token = re.search(r"Failed to parse token '(.*)' \(line (\d+)\)", str(error))
        place = Place(where, int(token[2])) if token else where
        raise BadInput(f"{place}: {_NOT_GIN.format(token[1] if token else error)}") from error


def _places_of_file(path, above=()):
    """Where each name of a file and its includes is bound, refusing names bound twice.

    Args:
      path: the file.
      above: the files that include it.
    """
    if path in above:
        raise BadInput(f"{path}: includes itself: allowed are files that do not")
    own, included = {}, {}
    try:
        with _looked_up(path).open() as file:
            found = list(_bindings_in(file, path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise BadInput(f"{path}: cannot be read: {reason}") from error
    for name, line in found:
        if name is None:
            for other, place in _places_of_file(line, (*above, path)).items():
                _refuse_twice(other, included.get(other), place)
                _refuse_twice(other, own.get(other), place)
                included[other] = place
        else:
            place = Place(path, line)
            _refuse_twice(name, own.get(name), place)
            own[name] = place
    return included | own


def _looked_up(path):
    """A path from the present folder or else from the project's root, as gin looks it up."""
    return pathlib.Path(path) if pathlib.Path(path).is_file() else ROOT / path


def _refuse_twice(name, first, second):
    if first is not None and first != second:
        raise BadInput(f"{second}: {name} is bound twice, first at {first}: allowed is once")


def _in_one_line(error, places, own):
    """The first line of an error of gin or of a constructor, with the place it is about.

    Args:
      error: the exception.
      places: Places of all bindings by name.
      own: the person's own file, where what is missing could stand.
    """
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    unknown = re.match(r"Configurable '(\w+)' doesn't have a parameter named '(\w+)'", first)
    if unknown:
        name = f"{unknown[1]}.{unknown[2]}"
        known = PARAMETERS[unknown[1]]
        place = _place_in(text, unknown[1], places)
        return (
            f"{places.get(name, place)}: {name} is unknown: allowed is {one_of(unknown[2], known)}"
        )
    missing = re.match(r"No configurable matching (?:reference )?'@?((\w+)[\w.]*)", first)
    if missing:
        name, place = missing[2], _place_in(text, missing[2], places)
        if name in PARAMETERS:
            return f"{place}: {missing[1]} has no parts: allowed is as StreamConfig.days = 8"
        return f"{place}: {name} is unknown: allowed is {one_of(name, PARAMETERS)}"
    parameter = re.match(r"(\w+\.\w+)(?:\[[^]]*\])* = ", first)
    if parameter and parameter[1] in places:
        return f"{places[parameter[1]]}: {first}"
    nothing = re.search(r"No values supplied .*: \['(\w+)'", text)
    call = re.search(r"In call to configurable '(\w+)' .*?(?:in scope '(\w+)')?$", text, re.M)
    if nothing and call and call[1] == "macro":
        place = _use_of(call[2], places)
        return f"{place}: %{call[2]} has no value: allowed is a file or SET that binds it"
    lacking = re.match(r"(\w+)\.__init__\(\) missing .*?'(\w+)'", first)
    if lacking or (nothing and call):
        name = f"{lacking[1]}.{lacking[2]}" if lacking else f"{call[1]}.{nothing[1]}"
        return f"{own}: {name} has no value: allowed is a file or SET that binds it"
    return first


def _use_of(macro, places):
    """Where a macro is used: the first of the bindings' files that has it, or the command line."""
    for file in dict.fromkeys(place.file for place in places.values()):
        if file != COMMAND_LINE:
            for number, line in enumerate(_looked_up(file).read_text().splitlines(), 1):
                if re.search(rf"^[^#]*%{macro}\b", line):
                    return Place(file, number)
    return COMMAND_LINE


def _place_in(text, name, places):
    """Where an unknown name stands: gin's own word for a file, or the binding that begins so."""
    in_file = re.search(r'In file "(.+?)", line (\d+)', text)
    if in_file:
        return Place(in_file[1], int(in_file[2]))
    return next((place for key, place in places.items() if key.startswith(name)), COMMAND_LINE)


def _check_all_used(places, own):
    """Refuses bindings that nothing read.

    A part that is switched off (`StreamConfig.shocks = None`) leaves the bindings of its class
    unread in the files of the project; that is no mistake. In the person's own file it is. Nor is
    it one that thresholds which are bound as a whole leave the macros of a method's file unread.
    """
    operative = io.StringIO(gin.operative_config_str())
    used = {name for name, _ in _bindings_in(operative, "operative configuration")}
    classes = {name.split(".")[0] for name in used}
    for name, place in places.items():
        switched_off = name.split(".")[0] not in classes and "." in name and place.file not in own
        replaced = "." not in name and place.file.startswith("configs/methods/")
        if name not in used and not switched_off and not replaced:
            hint = did_you_mean(name, sorted(used))
            raise BadInput(
                f"{place}: {name} has no effect: allowed are bindings that are read{hint}"
            )
