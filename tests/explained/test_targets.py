import numpy as np
import pytest

from gimefive_jax.data.names import FileNames
from gimefive_jax.errors import InputError
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.targets import find_targets

EMOTIONS = ("happiness", "fear", "half-asleep")


def _faces(labels: np.ndarray | None) -> ExplainedFaces:
    return ExplainedFaces(
        data_name="made",
        name="test",
        images=np.zeros((3, 8, 8, 1), np.uint8),
        labels=labels,
        file_names=FileNames(np.array(["a", "b", "c"])),
        index=np.arange(3),
        emotions=EMOTIONS,
        digest="",
    )


@pytest.mark.parametrize(
    ("word", "named", "columns"),
    [
        ("predicted", "predicted", []),
        ("all", "all", []),
        ("label", "label", [[2, 0, 1]]),
        ("afraid", "fear", [[1, 1, 1]]),
        ("happy-fear", "happiness-fear", [[0, 0, 0], [1, 1, 1]]),
        ("half-asleep", "half-asleep", [[2, 2, 2]]),
        ("half-asleep-happy", "half-asleep-happiness", [[2, 2, 2], [0, 0, 0]]),
        ("fear-half-asleep", "fear-half-asleep", [[1, 1, 1], [2, 2, 2]]),
    ],
)
def test_a_word_names_whose_logits_are_explained(word: str, named: str, columns: list[list[int]]):
    targets = find_targets(word, EMOTIONS)
    assert targets.word == named
    found = targets.columns(_faces(np.array([2, 0, 1])))
    assert [column.tolist() for column in found] == columns


@pytest.mark.parametrize(
    ("word", "facts"),
    [
        ("glee", ["'glee'", "happiness", "CLASS-CLASS"]),
        ("fear-glee", ["'fear-glee'", "CLASS-CLASS"]),
        ("afraid-fear", ["'afraid-fear'", "itself"]),
        ("", ["''", "happiness"]),
    ],
)
def test_a_word_that_names_nothing_is_refused(word: str, facts: list[str]):
    with pytest.raises(InputError) as error:
        find_targets(word, EMOTIONS)
    assert all(fact in str(error.value) for fact in facts)


def test_labels_of_photos_are_refused():
    with pytest.raises(InputError, match="photos have none"):
        find_targets("label", EMOTIONS).columns(_faces(None))
