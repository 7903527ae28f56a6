"""Programs are kept by what their functions compute, and are the same once they are loaded."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from jaxtyping import Array, PyTree

from gimefive_jax import kept_programs, parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.explanation import explain_fn
from gimefive_jax.inference import Driver, View, mirror
from gimefive_jax.kept_programs import kept_in, name_of, named, recalled
from gimefive_jax.models import logits_fn, make_model

_FACES = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
Sums = Callable[[PyTree, Array], Array]


def _sums(traced: list[str], name: str) -> Sums:
    def sums(factor: PyTree, faces: Array) -> Array:
        traced.append(name)
        return factor * faces.sum((1, 2, 3))

    return named(sums, "sums", name)


def _run(function: Sums, *, num_devices: int = 1, view: View | None = None) -> list[float]:
    driver = Driver(parallel.make_mesh(num_devices), batch_size=8, view=view)
    return driver.run(function, np.float32(2), _FACES).tolist()


@pytest.fixture
def traced() -> list[str]:
    return []


def test_a_kept_program_is_neither_traced_nor_another(tmp_path: Path, traced: list[str]):
    found = []
    for _ in range(2):
        with kept_in(tmp_path):
            found.append(_run(_sums(traced, "a")))
    assert found[0] == found[1] == _run(_sums([], "a"))
    assert traced == ["a"]
    assert len(list(tmp_path.iterdir())) == 1


def test_another_name_shape_or_setting_is_another_program(
    tmp_path: Path, traced: list[str], monkeypatch: pytest.MonkeyPatch
):
    with kept_in(tmp_path):
        _run(_sums(traced, "a"))
        _run(_sums(traced, "b"))
        Driver(parallel.make_mesh(1), batch_size=8).run(
            _sums(traced, "a"), np.float32(2), _FACES[:, :4]
        )
        with jax.default_matmul_precision("highest"):
            _run(_sums(traced, "a"))
    assert traced == ["a", "b", "a", "a"]
    monkeypatch.setattr(kept_programs, "_surroundings", lambda: ("another version",))
    with kept_in(tmp_path):
        _run(_sums(traced, "a"))
    assert len(traced) == 5


def test_a_damaged_program_is_compiled_anew(tmp_path: Path, traced: list[str]):
    for damage in (b"", b"no program", None):
        with kept_in(tmp_path):
            wanted = _run(_sums(traced, "a"))
        [path] = tmp_path.iterdir()
        path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    with kept_in(tmp_path):
        assert _run(_sums(traced, "a")) == wanted
    assert len(traced) == 4


def test_nothing_is_kept_without_a_folder_a_name_or_on_several_devices(
    tmp_path: Path, traced: list[str]
):
    _run(_sums(traced, "a"))
    with kept_in(tmp_path):
        _run(_sums(traced, ""))
        _run(_sums(traced, "a"), num_devices=2)
        _run(_sums(traced, "a"), view=View(mirror))
    assert not list(tmp_path.iterdir())


def test_results_are_recalled_by_name(tmp_path: Path):
    with kept_in(tmp_path):
        assert [recalled("one", lambda: (1, "a")), recalled("one", lambda: (2, "b"))] == [
            (1, "a"), (1, "a")
        ]  # fmt: skip
        assert recalled("two", lambda: (2, "b")) == (2, "b")
    assert recalled("one", lambda: (2, "b")) == (2, "b")


def test_names_say_the_whole_model_and_foreign_code_has_none():
    small, wide = (make_model(ModelConfig(width=width)) for width in (0.25, 0.5))
    assert name_of(logits_fn(small)) == name_of(logits_fn(small)) != name_of(logits_fn(wide))
    assert name_of(mirror) == "gimefive_jax.inference.mirror"
    foreign = type("Foreign", (type(small),), {"__module__": "elsewhere"})()
    assert name_of(logits_fn(foreign)) == ""
    assert name_of(_run) == name_of(None) == name_of(lambda x: x) == ""
    assert name_of(explain_fn(logits_fn(small), layers="block1/conv")) == ""
