"""The campaign's folder as a few files of limited size, and back.

    cat PACK/campaign/part-* | tar x -C FOLDER

does what `unpack` does.
"""

import io
import tarfile
from pathlib import Path

from benchmarks.campaign_runs import RESULT, read_result
from gimefive_jax import files
from gimefive_jax.errors import InputError
from gimefive_jax.runs import RunFolder

FOLDER = "campaign"
# What a lent machine gives back: files of at most 16 MiB, 64 MiB together.
PART_BYTES, ALL_BYTES = 15 << 20, 60 << 20
_BLOCK = 512
# Predictions of single faces are many, and follow from the weights.
_SMALL_FILES = (".json", ".csv", ".png", ".md")
_NOT_PACKED = ("predictions.csv",)


def pack(out: Path, target: Path, *, limit: int = ALL_BYTES, part: int = PART_BYTES) -> list[Path]:
    """Write `target`/campaign/part-NN with what fits of `out`; returns what was left out.

    In this order: results, the best weights of each group, unfinished runs with their checkpoints,
    the smallest first, then other weights. A finished run's checkpoints stay behind.
    """
    chosen: list[Path] = []
    left_out: list[Path] = []
    size = 2 * _BLOCK
    for group in _by_importance(out):
        added = sum(_tar_size(path) for path in group)
        if size + added <= limit:
            chosen, size = [*chosen, *group], size + added
        else:
            left_out += group
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", bufsize=_BLOCK) as tar:
        for path in chosen:
            tar.add(path, arcname=path.relative_to(out))
    content = buffer.getbuffer()
    with files.replacing_folder(target / FOLDER) as partial:
        for number, start in enumerate(range(0, len(content), part)):
            (partial / f"part-{number:02d}").write_bytes(content[start : start + part])
    return left_out


def unpack(source: Path, out: Path) -> None:
    """What was packed, in `out`; InputError where parts are missing or damaged."""
    parts = sorted((source / FOLDER).glob("part-*"))
    if not parts:
        raise InputError(f"{source} holds no {FOLDER}/part-00; give the folder that was packed to")
    joined = io.BytesIO(b"".join(path.read_bytes() for path in parts))
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=joined) as tar:
            tar.extractall(out, filter="data")
    except tarfile.TarError as error:
        raise InputError(f"{source / FOLDER} is damaged ({error}); bring all parts back") from error


def _by_importance(out: Path) -> list[list[Path]]:
    """Groups of files that go together or not at all."""
    runs = sorted(path for path in out.glob("runs/*") if path.is_dir())
    finished = [run for run in runs if (run / RESULT).is_file()]
    unfinished = [run for run in runs if run not in finished]
    results = [path for path in sorted(out.glob("*")) if _is_small(path)]
    for run in finished:
        results += [
            path
            for path in sorted(run.rglob("*"))
            if _is_small(path) and RunFolder(out).checkpoint_folder.name not in path.parts
        ]
    weights = {run: out / "weights" / f"{run.name}.safetensors" for run in finished}
    scores = {run: read_result(run) for run, path in weights.items() if path.is_file()}
    best = {}
    for run, result in sorted(scores.items(), key=lambda pair: pair[1]["accuracy"]["validation"]):
        best[result["group"]] = run
    # Newest and best checkpoint: without its best, a run would end with another.
    going_on = [[path for path in sorted(run.rglob("*")) if path.is_file()] for run in unfinished]
    return [
        results,
        *([weights[run]] for run in best.values()),
        *sorted(going_on, key=lambda paths: sum(map(_tar_size, paths))),
        *([weights[run]] for run in scores if run not in best.values()),
    ]


def _is_small(path: Path) -> bool:
    return path.is_file() and path.suffix in _SMALL_FILES and path.name not in _NOT_PACKED


def _tar_size(path: Path) -> int:
    # Header and contents in whole blocks, and room for a header of a long name.
    return 4 * _BLOCK + -(-path.stat().st_size // _BLOCK) * _BLOCK
