"""What a row says of data that is missing."""

from pathlib import Path

from gimefive_jax.config import DataConfig
from gimefive_jax.recipes.reproduction_data import absent_members, how_to_prepare, is_at_hand


def test_prepared_data_is_at_hand(data_directory: Path):
    assert is_at_hand(DataConfig(name="drawn_faces", directory=str(data_directory)))
    assert not is_at_hand(DataConfig(name="raf_db", directory=str(data_directory)))
    assert not absent_members(DataConfig(name="drawn_faces", directory=str(data_directory)))


def test_a_missing_set_says_where_it_comes_from_and_the_command(tmp_path: Path):
    line = how_to_prepare(DataConfig(name="raf_db", directory=str(tmp_path)))
    assert line.startswith("RAF-DB")
    assert line.endswith("`gimefive data prepare raf_db --raw PATH`")
    assert "\n" not in line


def test_the_aggregate_asks_first_for_the_sets_that_it_joins(tmp_path: Path):
    line = how_to_prepare(DataConfig(name="gimefive", directory=str(tmp_path)))
    commands = line.split("`")[1::2]
    assert commands[-1] == "gimefive data prepare gimefive"
    assert [command.split()[3] for command in commands[:-1]] == [
        "raf_db", "fer2013", "affectnet", "ck_plus", "tfeid"
    ]  # fmt: skip
