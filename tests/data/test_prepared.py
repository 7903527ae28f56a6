"""How a message says what prepares a set."""

from pathlib import Path

import pytest

from data_prep.prepare import prepare_request
from data_prep.source import Request
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from gimefive_jax.data.prepared import prepare_command
from gimefive_jax.errors import InputError
from tests.raw_fer2013 import make_faces, write_csv


@pytest.mark.parametrize(
    ("name", "source_name", "words"),
    [
        ("fer2013", "", "fer2013 --raw PATH"),
        ("fer2013", "fer2013", "fer2013 --raw PATH"),
        ("drawn_faces", "drawn_faces", "drawn_faces"),
        ("mine", "", "folders --raw PATH --set-name mine"),
        ("mine", "table", "table --raw PATH --set-name mine"),
        ("mine", "gimefive", "gimefive --set-name mine"),
    ],
)
def test_the_command_is_that_of_the_source(name: str, source_name: str, words: str) -> None:
    assert prepare_command(name, source_name=source_name) == f"gimefive data prepare {words}"


def test_a_set_knows_what_it_is_prepared_from(tmp_path: Path) -> None:
    write_csv(tmp_path / "fer.csv", make_faces(), header=["emotion", "pixels", "Usage"])
    request = Request("fer2013", raw=tmp_path / "fer.csv", set_name="mine")
    prepare_request(request, data_dir=tmp_path)
    command = "gimefive data prepare fer2013 --raw PATH --set-name mine"
    for variant, split in (("seven", "test"), ("six", "tset")):
        with pytest.raises(InputError, match=command):
            open_split(DataConfig(name="mine", variant=variant, directory=str(tmp_path)), split)
