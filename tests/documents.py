"""Pages in Markdown: their code blocks, the commands in them, and whether a command would be taken.

A ``console`` block holds ``$ command`` lines, each followed by what it prints; a line ``…`` stands
for any number of lines. An ``sh`` block holds commands alone. A comment right before a block says
why it is not run, or as which file its commands find it.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import typer

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ELLIPSIS = "…"
FENCE = re.compile(
    r"(?:^<!-- (?:not run by the tests: (?P<reason>.+?)|file: (?P<file>\S+)) -->\n)?"
    r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
OWN = "python -m paper_repro "
SYSTEM = {".", "cd", "git", "pip"}
"""Programs whose arguments are not this project's."""


class Block(NamedTuple):
    """A fenced block of a page, why it is not run, and as which file commands find it."""

    page: str
    kind: str
    body: str
    reason: str | None
    file: str | None


class Command(NamedTuple):
    """One command of a page, and what the page says that it prints."""

    page: str
    line: str
    output: str
    reason: str | None


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    name = str(page.relative_to(ROOT))
    return [Block(name, each["kind"], each["body"], each["reason"], each["file"]) for each in found]


def commands(page: Path) -> Iterator[Command]:
    """Every command of a page's blocks."""
    for block in blocks(page):
        if block.kind == "console":
            for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                yield Command(block.page, line, output, block.reason)
        if block.kind == "sh":
            for line in block.body.replace("\\\n", "").splitlines():
                if words := shlex.split(line, comments=True):
                    yield Command(block.page, shlex.join(words), "", block.reason)


def trimmed(text: str) -> str:
    """Without empty lines around it, and without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def pattern(shown: str) -> str:
    """A regular expression for what a command prints."""
    lines = trimmed(shown).splitlines(keepends=True)
    return "".join("(?:.*\n)*?" if line.strip() == ELLIPSIS else re.escape(line) for line in lines)


def parse(line: str) -> None:
    """Read a line of commands as the programs in it would, and run none of them.

    Raises:
        Exception, SystemExit: a program does not know what it is given.
    """
    for part in line.split("&&"):
        words = shlex.split(part, comments=True)
        while "=" in words[0]:
            words = words[1:]
        _parse(*words)


def _parse(program: str, *words: str) -> None:
    if program in ("python", "python3"):
        _parse_python(*words)
    elif program not in SYSTEM:
        PROGRAMS[program](list(words))


def _parse_python(first: str, *words: str) -> None:
    if first == "-c":
        compile(words[0], "-c", "exec")
    elif first == "-m" and words[0] == "paper_repro":
        _parse_own(list(words[1:]))
    else:
        source = _source(words[0] if first == "-m" else first)
        unknown = {word for word in words if word.startswith("--") and f'"{word}"' not in source}
        assert not unknown, f"{first} {words[0]} does not know {unknown}"


def _source(name: str) -> str:
    """The source of a script or a module, with that of the package that it begins."""
    path = ROOT / name
    if not path.is_file():
        spec = importlib.util.find_spec(name)
        assert spec and spec.origin, f"there is no module {name}"
        path = Path(spec.origin)
    package = path.parent.glob("*.py") if path.name == "__init__.py" else [path]
    return "".join(each.read_text(encoding="utf-8") for each in package)


def _parse_own(words: list[str]) -> None:
    name, *arguments = words
    own()[name].make_context(name, arguments).close()


@cache
def own() -> dict[str, Any]:
    """This package's commands, by name."""
    from paper_repro.cli import app

    return dict(typer.main.get_group(app).commands)


def options(name: str) -> set[str]:
    """A command's options."""
    return {word for each in own()[name].params for word in each.opts + each.secondary_opts}


def _parse_make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(words) - {word for word in words if "=" in word} <= set(targets), words


def _parse_hf(words: list[str]) -> None:
    from huggingface_hub.cli.hf import app

    group = app if hasattr(app, "resolve_command") else typer.main.get_group(app)
    with group.make_context("hf", list(words)) as context:
        name, command, arguments = group.resolve_command(context, words)
        command.make_context(name, arguments).close()


def _parse_torchrun(words: list[str]) -> None:
    from torch.distributed.run import get_args_parser

    asked = get_args_parser().parse_args(words)
    _parse_python("-m", asked.training_script, *asked.training_script_args)


def _parse_accelerate(words: list[str]) -> None:
    from accelerate.commands.launch import launch_command_parser

    assert words[0] == "launch"
    asked = launch_command_parser().parse_args(words[1:])
    _parse_python("-m", asked.training_script, *asked.training_script_args)


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "accelerate": _parse_accelerate,
    "hf": _parse_hf,
    "make": _parse_make,
    "paper-repro": _parse_own,
    "torchrun": _parse_torchrun,
}


def inline(text: str) -> Iterator[list[str]]:
    """The words of what stands in backticks within prose, and of this package's commands there."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    bare = rf"(?<!`){OWN}[^`\n\"',;]*"
    for span in re.findall(r"`([^`]+)`", prose) + re.findall(bare, prose):
        if words := span.split():
            yield words


def unknown(words: list[str]) -> set[str]:
    """What a command or an option in a sentence, which may be cut short, names in vain."""
    if words[:3] == OWN.split():
        words = words[3:] if len(words) > 3 and not words[3].isupper() else ["verify"]
        if words[0] not in own():
            return {words[0]}
    elif words[0] in ("python", "make") and len(words) > 1:
        parse(" ".join(word for word in words if word != "…"))
        return set()
    asked = {word for word in words if re.fullmatch(r"--[a-z][a-z0-9-]*", word)}
    if words[0] in own():
        return asked - options(words[0]) - {"--help"}
    everything = set().union(*map(options, own())) | {"--help"}
    return asked - everything if words[0].startswith("--") else set()


def scripts() -> list[Path]:
    """The literate scripts."""
    return sorted((ROOT / "docs" / "literate").glob("*.py"))
