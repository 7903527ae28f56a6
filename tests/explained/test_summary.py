import dataclasses
import json

import numpy as np
import pytest

from gimefive_jax import json_records
from gimefive_jax.explained.summary import MethodRecord
from gimefive_jax.explanation.methods import METHODS


@dataclasses.dataclass(frozen=True, eq=False)
class _Sharpened:
    power: float = 2.0
    grid: tuple[int, int] = (4, 4)
    kernel: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))

    def __call__(self, activation: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return (activation * gradient).sum(-1) ** self.power


def test_a_method_is_recorded_by_its_definition_and_its_parameters():
    record = MethodRecord.of(_Sharpened(power=3.0))
    assert record.definition.endswith("test_summary._Sharpened")
    assert record.parameters == {"power": 3.0, "grid": [4, 4], "kernel": "ndarray"}
    assert json.loads(json.dumps(json_records.to_json(record)))


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_of_ours_is_recorded(name: str):
    record = MethodRecord.of(METHODS[name])
    assert record.definition.startswith("gimefive_jax.explanation.methods")
    assert json.loads(json.dumps(json_records.to_json(record)))
