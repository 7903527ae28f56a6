"""Options that several verbs share."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gimefive_jax.config import DataConfig, ExperimentConfig


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Which prepared split a verb works on."""

    data: str | None = None
    """Prepared data set, NAME or NAME/VARIANT; by default the one the model was trained on."""
    split: str = "test"
    """Split of the data set, as `gimefive data list` shows them."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default the one trained from if it is still there, else
    $TFDS_DATA_DIR, else ~/tensorflow_datasets."""

    def config(self, trained: "ExperimentConfig") -> "DataConfig":
        """Data settings of the model, with what the options replace."""
        from gimefive_jax.config import DataName

        data = trained.data
        if self.data is not None:
            named = DataName.parse(self.data, variant=data.variant)
            data = dataclasses.replace(data, name=named.name, variant=named.variant)
        if self.data_dir is not None:
            data = dataclasses.replace(data, directory=str(self.data_dir))
        elif not Path(data.directory).is_dir():
            # A run that came from another machine.
            data = dataclasses.replace(data, directory="")
        return data
