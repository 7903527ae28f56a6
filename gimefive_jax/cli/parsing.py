"""Command lines from typed dataclasses, and every mistake in them as one line."""

import contextlib
import io
import re
import sys
from collections.abc import Sequence
from typing import TypeVar

import tyro

from gimefive_jax.errors import InputError

Arguments = TypeVar("Arguments")
# Their fields of a config keep the prefix.
_WITH_CONFIG = ("train", "sweep", "reproduce")


def parse(schema: type[Arguments], words: Sequence[str], *, verb: str) -> Arguments:
    """Fills a dataclass from the words of a command line.

    Args:
      schema: Dataclass whose docstrings are the text of `gimefive VERB --help`.
      words: What stands after the verb.
      verb: Name of the verb.

    Returns:
      The filled dataclass.

    Raises:
      InputError: A word is unknown, missing or of the wrong kind.
      SystemExit: Help was asked for, and printed.
    """
    complaint = io.StringIO()
    try:
        # tyro draws boxes around what is wrong; here that is one line, so catch what it draws.
        with contextlib.redirect_stderr(complaint), _some_output():
            return tyro.cli(
                schema,
                args=list(words),
                prog=f"gimefive {verb}",
                config=() if verb in _WITH_CONFIG else (tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as error:
        if not error.code:
            raise
        raise InputError(f"{_flatten(complaint.getvalue())}; see gimefive {verb} --help") from None


def _some_output() -> contextlib.AbstractContextManager[object]:
    """A place for what tyro prints where standard output is closed."""
    return contextlib.nullcontext() if sys.stdout else contextlib.redirect_stdout(io.StringIO())


def _flatten(box: str) -> str:
    """First paragraph of tyro's box, and the first option that it proposes."""
    lines = [line.strip(" \t│|") for line in box.splitlines()]
    # Where the output cannot show lines, tyro draws in ASCII: first the title, then a rule.
    if len(lines) > 1 and _is_rule(lines[1]):
        lines = lines[2:]
    lines = [line for line in lines if line and line[0] not in "╭╰"]
    rule = next((i for i, line in enumerate(lines) if _is_rule(line)), len(lines))
    text = re.sub(r"\s+", " ", " ".join(lines[:rule])).rstrip(". ")
    proposals = [line for line in lines[rule:] if re.match(r"--\w", line)]
    if proposals and any("Perhaps you meant" in line for line in lines[rule:]):
        text += f", did you mean {proposals[0].split()[0]}?"
    return text


def _is_rule(line: str) -> bool:
    return len(line) > 5 and set(line) <= {"─", "-"}
