"""Finds run folders: behind a MODEL argument, and below folders that hold many runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gimefive_jax.errors import InputError, nearest
from gimefive_jax.interop.shipped import shipped_names
from gimefive_jax.runs.run_folder import RunFolder


def find_run(model: str | Path) -> RunFolder:
    """Finds the run folder behind a MODEL argument, and the checkpoint that it names.

    Args:
      model: A run folder, its `checkpoints` folder, or one checkpoint folder in that.

    Returns:
      The run folder, with the step of a checkpoint that was named.

    Raises:
      InputError: There is no such folder, or it is no run folder, or it holds no checkpoint.
    """
    path = Path(model)
    if not path.exists():
        raise InputError(
            f"no model at {path}{nearest(str(model), shipped_names())}; give a run folder, as "
            "`gimefive train --workdir` made, a .safetensors or .pth file, or a shipped name: "
            f"{', '.join(shipped_names())}"
        )
    found = RunFolder(path)
    if path.is_dir() and path.name.isdigit() and _is_checkpoint_folder(path.parent):
        found = RunFolder(path.parent.parent, step=int(path.name))
    elif path.is_dir() and _is_checkpoint_folder(path):
        found = RunFolder(path.parent)
    if not found.has_config:
        raise InputError(f"{path} is not a run folder: it holds no {found.config_file.name}")
    if not found.checkpoint_folder.is_dir():
        raise InputError(
            f"{found.path} holds no checkpoint yet; run `gimefive train --workdir` on it first"
        )
    return found


def find_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """Finds the run folders among and below `folders`, each once, by name.

    Args:
      folders: Where to look. A link in them is followed only where a run lies right behind it.

    Returns:
      The run folders. What cannot be opened is among them, so that it can be named.

    Raises:
      InputError: One of `folders` is not there.
    """
    found: dict[Path, RunFolder] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"no folder {folder}; name folders that hold runs")
        for run in _find_below(folder):
            found.setdefault(run.path.resolve(), run)
    return list(found.values())


def _is_checkpoint_folder(path: Path) -> bool:
    return path.name == RunFolder(path.parent).checkpoint_folder.name


def _find_below(folder: Path) -> Iterator[RunFolder]:
    run = RunFolder(folder)
    try:
        has_run = run.has_run
        parts = sorted(path for path in folder.iterdir() if path.name[0] != "." and path.is_dir())
    except OSError:
        yield run
        return
    if has_run or run.has_config:
        yield run
    if has_run:
        return
    for part in parts:
        # A link may lead back up; a run behind one is found, but nothing else is looked for there.
        if not part.is_symlink():
            yield from _find_below(part)
        elif RunFolder(part).has_run:
            yield RunFolder(part)
