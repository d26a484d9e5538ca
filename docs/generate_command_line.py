"""Writes docs/command-line.md from the three argument parsers.

    python -m docs.generate_command_line          # or: make reference

It reads the parsers' own lists of options. argparse's help text is not used, since it depends on the width of the
terminal and on the version of Python.
"""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from annotations.__main__ import argument_parser as parser_of_annotations
from ecgcore.__main__ import argument_parser as parser_of_ecgcore
from trainer.__main__ import argument_parser as parser_of_trainer

REFERENCE = Path(__file__).with_name("command-line.md")
HEAD = """\
# Command line

<!-- Written by `make reference` from the argument parsers; a test holds it current. Do not edit it by hand. -->

Three programs, one for each package. What they read and write is described in [architecture.md](architecture.md).
"""
_USAGE_WIDTH = 110


def reference() -> str:
    """The whole page."""
    parsers = (parser_of_ecgcore(), parser_of_annotations(), parser_of_trainer())
    return "\n".join([HEAD, *(line for parser in parsers for line in _program(parser))]).rstrip() + "\n"


def commands_of(parser: argparse.ArgumentParser) -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """By name, one line on each command of a program, and its parser."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    lines = {entry.dest: entry.help or "" for entry in commands._choices_actions}
    return {name: (lines[name], command) for name, command in commands.choices.items()}


def _program(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## `{parser.prog}`\n"
    yield from (f"{text}\n" for text in (parser.description, parser.epilog) if text)
    commands = commands_of(parser)
    yield "| command | what it does |\n|---|---|"
    for name, (line, _) in commands.items():
        yield f"| [{name}](#{_anchor(parser, name)}) | {_cell(line)} |"
    yield ""
    for name, (line, command) in commands.items():
        yield f'<a id="{_anchor(parser, name)}"></a>\n\n### {name}\n'
        yield f"{command.description or _sentence(line)}\n"
        yield f"```\n{_usage(command)}\n```\n"
        yield from _options(command)
        if command.epilog:
            yield f"{command.epilog}\n"


def _anchor(parser: argparse.ArgumentParser, name: str) -> str:
    """The place of a command on the page; programs may have commands of one name."""
    return f"{parser.prog.split()[-1]}-{name}"


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def _usage(command: argparse.ArgumentParser) -> str:
    """How the command is called, in lines of a fixed width."""
    named = [action for action in _arguments(command) if action.option_strings]
    placed = [action for action in _arguments(command) if not action.option_strings]
    words = [_values(action) for action in placed]
    for action in sorted(named, key=lambda action: not action.required):
        word = " ".join([action.option_strings[0], _values(action)]).strip()
        words.append(word if action.required else f"[{word}]")
    # words of one argument stay on one line
    lines = textwrap.wrap(
        " ".join([command.prog, *(word.replace(" ", "\0") for word in words)]),
        _USAGE_WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ")


def _values(action: argparse.Action) -> str:
    """What follows an option's name, or stands for an argument without one."""
    if action.nargs == 0:
        return ""
    name = action.metavar if isinstance(action.metavar, str) else None
    name = name or (action.dest.upper() if action.choices is None else "|".join(map(str, action.choices)))
    forms = {"+": "{0} [{0} ...]", "*": "[{0} ...]", "?": "[{0}]"}
    return forms.get(str(action.nargs), "{0}").format(name)


def _options(command: argparse.ArgumentParser) -> Iterator[str]:
    arguments = _arguments(command)
    if not arguments:
        return
    yield "| argument | meaning |\n|---|---|"
    for action in arguments:
        yield f"| {_cell(f'`{_name(action)}`')} | {_cell(_meaning(action))} |"
    yield ""


def _name(action: argparse.Action) -> str:
    """All names of an option, with its value; a list of choices stands in its meaning."""
    value = "" if action.choices is not None and action.metavar is None else _values(action)
    return " ".join([", ".join(action.option_strings), value]).strip()


def _meaning(action: argparse.Action) -> str:
    parts = ["required"] if action.required and action.option_strings else []
    parts += [action.help] if action.help else []
    if action.choices is not None and action.metavar is None:
        parts.append("one of " + ", ".join(f"`{choice}`" for choice in action.choices))
    # the default of --data-dir is the caller's own folder
    if isinstance(action.default, str | int | float) and action.nargs != 0 and "default" not in (action.help or ""):
        parts.append(f"default: {action.default}")
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    argparse.ArgumentParser(description="Write docs/command-line.md.").parse_args(arguments)
    REFERENCE.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
