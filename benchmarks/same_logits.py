"""Refuses to time what computes something else."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

TOLERANCE = 1e-4


def check_logits(found: Float[np.ndarray, "face emotion"], folder: Path, *, of: str) -> None:
    """Checks logits against ours.

    Args:
      found: Of the first faces in the folder, again from the first where there are more.
      folder: Holds our `logits.npy`.
      of: Whose they are.

    Raises:
      SystemExit: They differ by more than rounding, over the largest of ours or 1.
    """
    wanted = np.resize(np.load(folder / "logits.npy"), found.shape)
    difference = float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))
    if not difference <= TOLERANCE:
        raise SystemExit(f"logits of {of} differ from ours by {difference:.1e}")
