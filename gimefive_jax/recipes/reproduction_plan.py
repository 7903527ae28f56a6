"""The rows of a table of results: what each trains, or which weights it measures."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig, FieldValue, SweepConfig
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.interop import read_weights
from gimefive_jax.interop.shipped import ASSETS, shipped_names
from gimefive_jax.known_sets import KNOWN_SETS
from gimefive_jax.models import ARCHITECTURES, find_architecture
from gimefive_jax.training.experiment import deciding_fields

TableName = Literal["paper", "ours"]
PAPER_RECIPE = "gimefive_fer2013"
"""The config of the paper's recipe; its rows differ in data and model alone."""
# Fields that rows differ in, or that are one machine's, with what is given instead.
_OPTIONS = {
    "model.name": "choose rows with --row MODEL",
    "data.name": "choose rows with --data NAME",
    "data.variant": "the tables are of six categories",
    "data.directory": "give --data-dir FOLDER",
    "seed": "give --seeds N",
}


@dataclasses.dataclass(frozen=True)
class TableRow:
    """A row that a table asks for."""

    name: str
    """As `--row` names it: an architecture, a config, or shipped weights."""
    config: ExperimentConfig
    """What is trained, with the fields that the user replaced; of shipped weights, how they were
    trained."""
    changed: Mapping[str, FieldValue]
    """Fields that the user replaced, where that may change the result."""
    is_shipped: bool = False
    """Whether shipped weights are measured and nothing is trained."""
    flip: bool = False
    """Whether shipped weights are measured averaging each face and its mirror image."""

    @property
    def folder(self) -> str:
        """Name of the row's folder, different for each row of a table."""
        return f"{self.config.data.name}-{self.name}{'-flip' if self.flip else ''}"

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.name} --flip" if self.flip else self.name

    @property
    def data_title(self) -> str:
        """The data set as the paper calls it, else its own name."""
        name = self.config.data.name
        known = KNOWN_SETS.get(name)
        return (known.paper_title if known is not None else "") or name

    @property
    def paper_accuracy(self) -> float | None:
        """Share of the test set that the paper reports for this architecture on this data."""
        found = find_architecture(self.config.model.name).paper_accuracy.get(self.data_title)
        return None if found is None else found / 100

    def sweep(self, num_seeds: int) -> SweepConfig:
        """Gives the training of the row: one setting with the seeds 0, 1, ..."""
        return SweepConfig(self.config, {}, search="each", seeds=tuple(range(num_seeds)))

    def command(self, table: TableName, num_seeds: int) -> str:
        """Gives the words that train and measure this row alone."""
        words = ["gimefive", "reproduce", table, "--row", self.name]
        words += ["--data", self.config.data.name]
        if not self.is_shipped:
            words += ["--seeds", str(num_seeds)] if num_seeds > 1 else []
            words += [f"--config.{field}={value}" for field, value in self.changed.items()]
        return shlex.join(words)


def plan_table(
    table: TableName, values: Mapping[str, FieldValue], *, data_directory: str = ""
) -> tuple[TableRow, ...]:
    """Gives every row of a table, in its order.

    Args:
      table: `paper`: each architecture on each data set that the paper reports it for; `ours`: the
        shipped weights, and the shipped recipes.
      values: Fields to replace in every recipe, by dotted name.
      data_directory: Folder of prepared data sets; empty means the usual one.

    Raises:
      InputError: There is no such field, a value breaks its rule, or rows are chosen otherwise.
    """
    for field in values:
        if field in _OPTIONS:
            raise InputError(f"--config.{field} is not replaced in a table; {_OPTIONS[field]}")
    place: dict[str, FieldValue] = {"data.directory": data_directory}
    rows = _paper_rows(values, place) if table == "paper" else _our_rows(values, place)
    return tuple(rows)


def choose_rows(
    rows: Sequence[TableRow], *, names: Sequence[str] = (), data: Sequence[str] = ()
) -> tuple[TableRow, ...]:
    """Gives the rows that are asked for.

    Args:
      rows: All of a table.
      names: Of rows; empty means any.
      data: Names of data sets; empty means any.

    Raises:
      InputError: A name is of no row, or no row has both.
    """
    known_names = list(dict.fromkeys(row.name for row in rows))
    known_data = list(dict.fromkeys(row.config.data.name for row in rows))
    for option, given, known in (("--row", names, known_names), ("--data", data, known_data)):
        for name in given:
            if name not in known:
                hint = nearest(name, known)
                raise InputError(
                    f"{option} {name} is in no row of this table{hint}; it has {', '.join(known)}"
                )
    chosen = tuple(
        row
        for row in rows
        if (not names or row.name in names) and (not data or row.config.data.name in data)
    )
    if not chosen:
        there = ", ".join(row.config.data.name for row in rows if row.name in names)
        raise InputError(
            f"this table has no row {', '.join(names)} on {', '.join(data)}; it has one on {there}"
        )
    return chosen


def _paper_rows(
    values: Mapping[str, FieldValue], place: Mapping[str, FieldValue]
) -> list[TableRow]:
    titles = {known.paper_title: known.name for known in KNOWN_SETS.values() if known.paper_title}
    recipe = configs.replace(configs.load_config(PAPER_RECIPE), place)
    return [
        _trained(name, configs.replace(recipe, {"data.name": data, "model.name": name}), values)
        for title, data in titles.items()
        for name, architecture in ARCHITECTURES.items()
        if title in architecture.paper_accuracy
    ]


def _our_rows(values: Mapping[str, FieldValue], place: Mapping[str, FieldValue]) -> list[TableRow]:
    rows = []
    for name in shipped_names():
        config = configs.replace(read_weights(ASSETS / f"{name}.safetensors").config, place)
        rows += [TableRow(name, config, {}, is_shipped=True, flip=flip) for flip in (False, True)]
    for name in configs.config_names():
        recipe = configs.load_config(name)
        # The paper's recipe has a table of its own, and the reference's numbers compare with none.
        if name.partition(":")[0] != PAPER_RECIPE and not recipe.reference:
            rows.append(_trained(name, configs.replace(recipe, place), values))
    return rows


def _trained(name: str, recipe: ExperimentConfig, values: Mapping[str, FieldValue]) -> TableRow:
    config = configs.replace(recipe, values)
    before, now = configs.to_fields(recipe), deciding_fields(config)
    changed = {
        field: now[field] for field in values if now.get(field, before[field]) != before[field]
    }
    return TableRow(name, config, changed)
