"""The tables beside `gimefive_local`, from two tiny runs of drawn faces."""

from pathlib import Path

import numpy as np
import pytest

import gimefive_jax
from benchmarks.local_evidence import (
    GIMEFIVE_MAPS,
    LOCAL_MAPS,
    accuracy_table,
    evidence_function,
    identity_table,
    planted_table,
)
from gimefive_jax.api import Classifier
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.explanation.faithfulness.mass import mass_on
from gimefive_jax.inference import Driver


@pytest.fixture(scope="module")
def gimefive(tiny_run: Path) -> Classifier:
    return gimefive_jax.load(tiny_run)


@pytest.fixture(scope="module")
def local(tiny_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    from gimefive_jax.training.loop import train

    changes = {"model.name": "gimefive_local", "training.num_epochs": 1}
    folder = tmp_path_factory.mktemp("runs") / "local"
    train(replace(tiny_config, changes), folder, progress=False)
    return gimefive_jax.load(folder)


def _rows(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_accuracy_has_a_row_per_seed_and_one_of_means(gimefive: Classifier, local: Classifier):
    split = local.open_split("test")
    rows = _rows(accuracy_table([gimefive, gimefive], [local, local], split))
    assert [row[0] for row in rows] == ["0", "1", "mean"]
    wanted = 100 * float((local.logits(split).argmax(-1) == split.labels).mean())
    assert rows[0][2].startswith(f"{wanted:.2f} (")


def test_planted_evidence_of_a_map_is_its_mass_on_the_mask(gimefive: Classifier, local: Classifier):
    split = local.open_split("test")
    rows = _rows(planted_table([gimefive], [local], split))
    assert len(rows) == len(LOCAL_MAPS) + len(GIMEFIVE_MAPS)
    maps = local.explain(list(split.images))["hirescam", "evidence"].heat_map
    share = 100 * mass_on(maps, split.extras["evidence"]).mean()
    assert rows[0][:2] == ["gimefive_local", "hirescam at evidence"]
    assert rows[0][2].startswith(f"{share:.1f} (")


def test_logits_and_sums_of_maps_are_compared_over_all_faces(local: Classifier):
    split = local.open_split("test")
    [row] = _rows(identity_table([local], split))
    assert max(map(float, row[2:])) < 1e-6
    driver = Driver(local.mesh, 16)
    logits, maps = driver.run(evidence_function(local), local.placed_variables, split.images)
    assert maps.shape == (len(split), 4, 4, 6)
    np.testing.assert_allclose(logits, local.logits(split), rtol=1e-5, atol=1e-6)
