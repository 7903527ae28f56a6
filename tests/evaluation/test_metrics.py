import numpy as np
import pytest
from sklearn import metrics as sklearn

from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.evaluation.metrics import measure
from gimefive_jax.scaling import log_softmax


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.choice(6, 500, p=[0.4, 0.2, 0.2, 0.1, 0.08, 0.02])
    logits = generator.normal(size=(500, 6)).astype(np.float32)
    logits[np.arange(500), labels] += 1
    return logits, labels


def test_metrics_are_scikit_learns(faces: tuple[np.ndarray, np.ndarray]):
    logits, labels = faces
    found = measure(logits, labels).compute(EMOTIONS)
    predicted = logits.argmax(1)
    probabilities = np.exp(log_softmax(logits))
    assert found.accuracy == pytest.approx(sklearn.accuracy_score(labels, predicted))
    assert found.balanced_accuracy == pytest.approx(
        sklearn.balanced_accuracy_score(labels, predicted)
    )
    assert found.macro_f1 == pytest.approx(sklearn.f1_score(labels, predicted, average="macro"))
    assert found.loss == pytest.approx(sklearn.log_loss(labels, probabilities))
    np.testing.assert_array_equal(found.confusion, sklearn.confusion_matrix(labels, predicted))
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(labels, predicted)
    for i, row in enumerate(found.per_class.values()):
        assert [row.precision, row.recall, row.f1, row.support] == pytest.approx(
            [precision[i], recall[i], f1[i], support[i]]
        )


def test_parts_add_up_to_the_whole(faces: tuple[np.ndarray, np.ndarray]):
    logits, labels = faces
    parts = measure(logits[:123], labels[:123]) + measure(logits[123:], labels[123:])
    whole = measure(logits, labels)
    np.testing.assert_array_equal(parts.confusion, whole.confusion)
    assert parts.loss == pytest.approx(whole.loss)


def test_a_category_without_a_face_has_no_recall_and_enters_no_mean():
    logits = np.eye(6, dtype=np.float32)[[0, 1, 1]]
    found = measure(logits, np.array([0, 1, 0])).compute(EMOTIONS)
    assert found.per_class["fear"].recall is None
    assert found.balanced_accuracy == pytest.approx((0.5 + 1) / 2)
