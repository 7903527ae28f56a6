"""`gimefive data show`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from gimefive_jax import config as configs
from gimefive_jax.cli.parsing import parse
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Write a contact sheet of a prepared split: the faces as the network sees them.

    Grey, square and at the network's own size, with their labels; only the normalisation is left
    out, so that they can be looked at.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """Prepared data set, NAME or NAME/VARIANT, as in `gimefive data list`."""
    split: str = "train"
    """Split of the data set."""
    augmented: bool = False
    """Show the first faces of training, changed and mixed as it shows them."""
    config: str = "gimefive_fer2013_modern"
    """Config that says how faces are augmented and how large they are: a name, a Python file or the
    config.json of a run."""
    count: int = 48
    """Number of faces."""
    data_dir: Path | None = None
    """Folder of prepared data sets; by default $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    out: Path | None = None
    """PNG file; by default gimefive-out/data/NAME-SPLIT.png."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="data show")
    named = configs.DataName.parse(arguments.name)
    if arguments.out is not None and arguments.out.suffix.lower() != ".png":
        raise InputError(f"--out {arguments.out} must end in .png")
    config = configs.load_config(arguments.config)
    config = configs.replace(
        config,
        {
            "data.name": named.name,
            "data.variant": named.variant,
            "data.directory": str(arguments.data_dir or ""),
        },
    )
    if arguments.augmented and config.data.augmentation == configs.AugmentationConfig():
        raise InputError(f"config {arguments.config} augments nothing; leave --augmented out")
    from gimefive_jax.data import open_split
    from gimefive_jax.report.contact_sheet import write_contact_sheet

    split = open_split(config.data, arguments.split)
    stem = f"{named.folder}-{split.name}.png"
    path = arguments.out or Path("gimefive-out") / "data" / stem
    write_contact_sheet(path, split, config, count=arguments.count, augmented=arguments.augmented)
    print(f"written to {path}")
    if named.name != "drawn_faces":
        print("it shows faces that were given for research: keep it on this machine")
    return 0
