"""The text of gin files and of bindings, read with gin's own parser and not yet understood."""

import re
import tokenize
from typing import NamedTuple

import gin
from gin import config_parser

from experiments.errors import BadInput

COMMAND_LINE = "command line"
EXPECTED = (
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


class Unknown(str):
    """The name of a reference to a class that is not registered."""


class _Delegate(gin.config.ParserDelegate):
    """Reads references as gin does, but leaves it to others to refuse an unknown one."""

    def __init__(self, registered):
        super().__init__()
        self._registered = registered

    def configurable_reference(self, name, evaluate):
        if name not in self._registered:
            return Unknown(name)
        return super().configurable_reference(name, evaluate)


class _Parser(config_parser.ConfigParser):
    """gin's parser, of which a dict with a key twice takes the last; here it is refused."""

    def __init__(self, text, registered, where):
        self._where, self._keys = where, []  # of the dicts that are open, the innermost last
        super().__init__(text, _Delegate(registered))

    def _maybe_parse_container(self):
        self._keys.append([])
        found = super()._maybe_parse_container()
        self._keys.pop()
        return found

    def _parse_dict_item(self):
        line = self.current_token.start[0]
        key, value = super()._parse_dict_item()
        if key in self._keys[-1]:
            raise BadInput(f"{Place(self._where, line)}: {key!r} is twice in a dict: expected once")
        self._keys[-1].append(key)
        return key, value


def statements(text, where, registered):
    """Yields gin's statements of a text.

    Args:
      text: of a file or of a binding.
      where: the file, or COMMAND_LINE.
      registered: the names of the classes that a text may refer to; others become Unknown.
    Raises: BadInput naming the line of what is not gin, of an import and of a key twice in a dict.
    """
    try:
        for statement in _Parser(text, registered, where):
            if isinstance(statement, config_parser.ImportStatement):
                place = Place(where, statement.location.line_num)
                raise BadInput(f"{place}: import of {statement.module}: expected bindings alone")
            yield statement
    except SyntaxError as error:
        line = [*text.splitlines(), ""][error.lineno - 1].strip()
        raise BadInput(f"{Place(where, error.lineno)}: not gin: {line}: {EXPECTED}") from error
    except tokenize.TokenError as error:
        raise BadInput(f"{where}: a bracket or quote is open: expected closed ones") from error


def name_of(statement):
    """The full name that a statement binds."""
    scope = f"{statement.scope}/" if statement.scope else ""
    return scope + ".".join(filter(None, (statement.selector, statement.arg_name)))


def split_bindings(text):
    """Cuts "a=1 b.c=(2, 3) d='x y'" into its bindings: at white space before a name and "="."""
    return [part.strip() for part in _ONE_BINDING.findall(text) if part.strip()]
