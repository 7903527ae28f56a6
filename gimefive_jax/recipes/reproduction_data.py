"""Whether the data of a table's rows is at hand, and what to prepare where it is not."""

from data_prep.aggregate import MEMBERS
from gimefive_jax.config import DataConfig
from gimefive_jax.data import data_directory, find_prepared, list_prepared
from gimefive_jax.data.prepared import prepare_command
from gimefive_jax.errors import InputError
from gimefive_jax.known_sets import KNOWN_SETS
from gimefive_jax.set_metadata import read_json

_AGGREGATE = "gimefive"


def is_at_hand(data: DataConfig) -> bool:
    """Says whether a data set is prepared."""
    try:
        find_prepared(data)
    except InputError:
        return False
    return True


def how_to_prepare(data: DataConfig) -> str:
    """Says in one line what to prepare and how.

    Args:
      data: Names a set that is not prepared.

    Returns:
      Where its files come from, and the commands to type.
    """
    known = KNOWN_SETS.get(data.name)
    origin = known.origin.removesuffix(" (--raw PATH)") if known is not None else "a set of yours"
    commands = [prepare_command(data.name, data.variant)]
    if data.name == _AGGREGATE:
        prepared = list_prepared(data_directory(data.directory))
        there = {one.name for one in prepared if one.variant == data.variant}
        first = [prepare_command(name) for name in MEMBERS if name not in there]
        origin, commands = f"{origin}, which are {', '.join(MEMBERS)}", [*first, *commands]
    return f"{origin}: {', then '.join(f'`{command}`' for command in commands)}"


def absent_members(data: DataConfig) -> tuple[str, ...]:
    """Gives the sets of the paper's aggregate that the prepared one lacks; none for other sets."""
    if data.name != _AGGREGATE:
        return ()
    joined = read_json(find_prepared(data).path / "metadata.json").get("joined")
    there = joined if isinstance(joined, dict) else {}
    return tuple(name for name in MEMBERS if name not in there)
