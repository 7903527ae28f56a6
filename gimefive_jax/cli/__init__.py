"""The `gimefive` command: finds the verb, runs it, turns a user's mistake into one line."""

import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence

from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.cli.verbs import VERBS, Verb
from gimefive_jax.errors import InputError, nearest

MISTAKE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 2 a mistake the user can mend (one line on stderr), 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    warnings.formatwarning = _warning_line
    # A polite kill cleans up as Ctrl-C does.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if not words or words[0] in ("-h", "--help"):
            print(_overview())
            return 0
        if words[0] == "--version":
            from importlib.metadata import version

            print(f"gimefive {version('gimefive-jax')}")
            return 0
        verb, rest = _find(words)
        keep_freed_memory()
        run = importlib.import_module(verb.module).run
        return int(run(rest) or 0)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (InputError, OSError) as error:
        if debug:
            raise
        print(f"gimefive: {_one_line(error)}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        if debug:
            raise
        print("gimefive: interrupted; nothing half-written was left", file=sys.stderr)
        return INTERRUPTED


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
            "verb shows the traceback of a mistake; `gimefive --version` prints the version.",
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


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        return f"cannot use{place}: {error.strerror}; {_mend(error)}"
    return " ".join(str(error).split())


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
