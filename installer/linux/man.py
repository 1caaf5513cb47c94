"""The manual page, written from what the command line says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import click

from alisa_desktop import __version__, cli


def page(day: date) -> str:
    """The page in the language of man(7), dated `day`."""
    context = cli.program.make_context("alisa-desktop", [], resilient_parsing=True)
    return "\n".join([*_head(day), *_options(context), *_commands(context), *_rest()]) + "\n"


def _head(day: date) -> Iterator[str]:
    yield f'.TH ALISA\\-DESKTOP 1 "{day}" "Alisa Desktop {__version__}" "User commands"'
    yield ".SH NAME"
    yield r"alisa\-desktop \- a private companion who lives in the tray and thinks on your own machine"
    yield ".SH SYNOPSIS"
    yield r".B alisa\-desktop"
    yield r"[\fIOPTION\fR]... [\fICOMMAND\fR [\fIARGUMENT\fR]...]"
    yield ".SH DESCRIPTION"
    yield _plain(cli.program.help or "")


def _options(context: click.Context) -> Iterator[str]:
    yield ".SH OPTIONS"
    for parameter in cli.program.get_params(context):
        yield from _option(parameter, context)


def _commands(context: click.Context) -> Iterator[str]:
    yield ".SH COMMANDS"
    yield from _group(cli.program, context, "")


def _group(group: click.Group, context: click.Context, before: str) -> Iterator[str]:
    shared = {option.name for option in cli.program.params}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from _group(command, inner, f"{before}{name} ")
            continue
        usage = [piece for piece in command.collect_usage_pieces(inner) if piece != "[OPTIONS]"]
        yield ".TP"
        yield rf"\fB{_plain(before + name)}\fR {_plain(' '.join(usage))}".rstrip()
        yield _plain(command.help or "")
        if own := [
            option for option in command.params if isinstance(option, click.Option) and option.name not in shared
        ]:
            yield ".RS"
            for option in own:
                yield from _option(option, inner)
            yield ".RE"


def _option(parameter: click.Parameter, context: click.Context) -> Iterator[str]:
    if record := parameter.get_help_record(context):
        yield ".TP"
        yield rf"\fB{_plain(record[0].replace('INTEGER RANGE', 'N'))}\fR"
        yield _plain(record[1])


def _rest() -> Iterator[str]:
    yield ".SH FILES"
    yield ".TP"
    yield r"\fI~/.local/share/Alisa\fR"
    yield "Everything of yours: what was said, your settings, personalities, looks and models, and the logs."
    yield ".SH EXIT STATUS"
    yield _plain((cli.__doc__ or "").partition("Exit codes: ")[2])


def _plain(text: str) -> str:
    """Text in which nothing is taken for a command of the page."""
    joined = re.sub(r"\s+", " ", text.replace("\b", "")).strip()
    escaped = joined.replace("\\", r"\e").replace("-", r"\-").replace("·", r"\(bu")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
