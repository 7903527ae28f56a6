"""What a MODEL argument points to: a run folder, or one checkpoint folder in it."""

import dataclasses
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.interop.shipped import shipped_names

CHECKPOINTS = "checkpoints"
CONFIG = "config.json"


@dataclasses.dataclass(frozen=True)
class RunPath:
    """What a MODEL argument points to."""

    folder: Path
    step: int | None
    """A chosen checkpoint; None means the best one."""

    @property
    def config(self) -> ExperimentConfig:
        """The run's settings."""
        return configs.read_config(self.folder / CONFIG)


def find_run(model: str | Path) -> RunPath:
    """Run folder and checkpoint behind MODEL; raises InputError if there is neither."""
    path = Path(model)
    if not path.exists():
        raise InputError(
            f"no model at {path}{nearest(str(model), shipped_names())}; give a run folder, as "
            "`gimefive train --workdir` made, a .safetensors or .pth file, or a shipped name: "
            f"{', '.join(shipped_names())}"
        )
    if path.is_dir() and path.name.isdigit() and path.parent.name == CHECKPOINTS:
        found = RunPath(path.parent.parent, int(path.name))
    elif path.is_dir() and path.name == CHECKPOINTS:
        found = RunPath(path.parent, None)
    else:
        found = RunPath(path, None)
    if not (found.folder / CONFIG).is_file():
        raise InputError(f"{path} is not a run folder: it holds no {CONFIG}")
    if not (found.folder / CHECKPOINTS).is_dir():
        raise InputError(
            f"{found.folder} holds no checkpoint yet; run `gimefive train --workdir` on it first"
        )
    return found
