"""The `gimefive` command: finds the verb, runs it, turns a user's mistake into one line."""

import importlib
import sys
import warnings
from collections.abc import Sequence

from gimefive_jax.cli import process
from gimefive_jax.cli.backend import backend_failure
from gimefive_jax.cli.compile_cache import NO_CACHE, keep_programs
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.cli.verbs import VERBS, Verb
from gimefive_jax.errors import InputError, nearest

MISTAKE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
      arguments: Words after `gimefive`. None takes those of the process, which ends with the
        command: nothing is returned then.

    Returns:
      Exit status: 0 done; 2 a mistake that the user can mend, in one line on standard error;
      130 interrupted; 141 if nobody reads the output any more.
    """
    interruption = process.Interruption()
    interruption.watch()
    if arguments is not None:
        try:
            return _run(list(arguments), interruption)
        finally:
            interruption.restore()
    process.open_missing_streams()
    try:
        with keep_programs(sys.argv[1:]):
            status = _run(sys.argv[1:], interruption)
    except KeyboardInterrupt:
        # A signal came while another error was being told.
        status = INTERRUPTED
    process.leave(status)


def _run(words: list[str], interruption: process.Interruption) -> int:
    debug = "--debug" in words
    words = [word for word in words if word not in ("--debug", NO_CACHE)]
    warnings.formatwarning = _warning_line
    try:
        try:
            return _dispatch(words)
        finally:
            process.flush_output()
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain again at its exit.
        process.silence(1)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return _tell("interrupted; nothing half-written was left", INTERRUPTED)
    except Exception as error:
        if interruption.asked:
            return _tell("interrupted; nothing half-written was left", INTERRUPTED)
        line = _one_line(error)
        if debug or line is None:
            raise
        return _tell(line, MISTAKE)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"gimefive {version('gimefive-jax')}")
        return 0
    verb, rest = _find(words)
    keep_freed_memory()
    return int(importlib.import_module(verb.module).run(rest) or 0)


def _tell(line: str, status: int) -> int:
    try:
        print(f"gimefive: {line}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        process.silence(2)
    return status


def _find(words: list[str]) -> tuple[Verb, list[str]]:
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in VERBS:
            return VERBS[name], words[length:]
    group = [name for name in VERBS if name.split()[0] == words[0]]
    if group and (len(words) == 1 or words[1] in ("-h", "--help")):
        print("\n".join(_lines(group)))
        raise SystemExit(0 if len(words) > 1 else MISTAKE)
    word = " ".join(words[: 2 if group else 1])
    known = group or [*VERBS, *dict.fromkeys(name.split()[0] for name in VERBS)]
    raise InputError(f"no verb '{word}'{nearest(word, known)}; see gimefive --help")


def _overview() -> str:
    return "\n".join(
        [
            "usage: gimefive VERB [options]",
            "",
            "Classify faces into expression categories and show which parts decided.",
            "",
            *_lines(list(VERBS)),
            "",
            "`gimefive VERB --help` explains each with defaults and units; `--debug` with any",
            "verb shows the traceback of a mistake, `--no-cache` keeps no compiled programs;",
            "`gimefive --version` prints the version.",
        ]
    )


def _lines(names: list[str]) -> list[str]:
    return [f"  gimefive {name:<14} {VERBS[name].summary}" for name in names]


def _warning_line(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    return f"gimefive: {' '.join(str(message).split())}\n"


def _one_line(error: Exception) -> str | None:
    """What the user has to know; None where no user can mend the error."""
    if isinstance(error, OSError) and error.strerror:
        refused = f"cannot use {error.filename}" if error.filename else "cannot read or write"
        return f"{refused}: {error.strerror}; {_mend(error)}"
    if isinstance(error, InputError | OSError):
        return " ".join(str(error).split())
    return backend_failure(error)


def _mend(error: OSError) -> str:
    import errno

    mends = {
        errno.ENOSPC: "free some space or write elsewhere",
        errno.EDQUOT: "free some space or write elsewhere",
        errno.EROFS: "write to a folder on a writable disk",
        errno.EACCES: "check its permissions or choose another path",
        errno.EPERM: "check its permissions or choose another path",
        errno.ENOENT: "check the path",
    }
    return mends.get(error.errno or 0, "choose another path")
