"""Where results go, and how a table is printed."""

from collections.abc import Sequence
from pathlib import Path


def results_folder(
    run_folder: Path | None,
    model_name: str,
    stage: str,
    *,
    data_name: str,
    split: str,
    step: int | None = None,
    flip: bool = False,
) -> Path:
    """`RUN/STAGE/DATA-SPLIT`; without a run folder `gimefive-out/MODEL/STAGE/DATA-SPLIT`.

    A chosen checkpoint has a folder of its own beside the best one's, and so have averages over
    mirrored faces.
    """
    root = run_folder if run_folder is not None else Path("gimefive-out") / model_name
    name, _, variant = data_name.partition("/")
    # The six categories are the usual case; any other variant has its name in the folder.
    data = name if variant in ("", "six") else f"{name}-{variant}"
    chosen = "" if step is None else f"-step-{step}"
    return root / stage / f"{data}-{split}{'-flip' if flip else ''}{chosen}"


def table(cells: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *others in cells:
        numbers = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *numbers]).rstrip())
    return "\n".join(lines)
