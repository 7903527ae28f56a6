"""The table of faithfulness beside `gimefive_local`, from a tiny run of drawn faces."""

from pathlib import Path

import numpy as np
import pytest

import gimefive_jax
from benchmarks import local_evidence_faithfulness
from benchmarks.local_evidence_faithfulness import faithfulness_table, rows_of
from gimefive_jax.api import Classifier


@pytest.fixture(scope="module")
def gimefive(tiny_run: Path) -> Classifier:
    return gimefive_jax.load(tiny_run)


def test_a_map_is_compared_with_chance_on_its_own_network_and_with_the_first_map(
    gimefive: Classifier, monkeypatch: pytest.MonkeyPatch
):
    maps = [("hirescam", f"block{number}/activation") for number in (5, 4)]
    monkeypatch.setattr(local_evidence_faithfulness, "LOCAL_MAPS", tuple(maps))
    monkeypatch.setattr(local_evidence_faithfulness, "GIMEFIVE_MAPS", (maps[0],))
    whole = gimefive.open_split("test")
    split = rows_of(whole, np.array([1, 4, 7, 20, 21]))
    assert split.index.tolist() == [1, 4, 7, 20, 21]
    table = faithfulness_table([gimefive], [gimefive], split, metrics=("insertion",))
    lines = table.splitlines()[4:]
    first, other, same = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    # The same network and map: the same numbers, and no difference between them.
    assert first[3:5] == same[3:5]
    assert same[5] == "+0.000 (+0.000 to +0.000)"
    assert other[2] == "hirescam at block4/activation"
    assert 0 < float(first[3].split()[0]) < 1
