"""The loss of training against torch's and scikit-learn's, and against formulas written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from gimefive_jax.config import TrainingConfig
from gimefive_jax.errors import InputError
from gimefive_jax.structs import ShownFaces
from gimefive_jax.training.loss import class_weights, make_loss
from tests.relative import relative_difference
from tests.tolerances import RELATIVE

_COUNTS = [60, 20, 30, 25, 5, 10]


def _faces(label: jax.Array, other: jax.Array, share: jax.Array) -> ShownFaces:
    grey = jnp.zeros((len(label), 1, 1, 1))
    return ShownFaces(grey, label=label, other_label=other, share=share)


def test_mixed_faces_lose_by_their_shares():
    random = np.random.default_rng(0)
    logits = jnp.asarray(random.normal(size=(8, 6)), jnp.float32)
    own, other = (jnp.asarray(random.integers(0, 6, 8)) for _ in range(2))
    share = jnp.asarray(random.uniform(size=8), jnp.float32)
    grey = jnp.zeros((8, 1, 1, 1))

    def loss(label: jax.Array, other_label: jax.Array, share: jax.Array) -> jax.Array:
        faces = ShownFaces(grey, label=label, other_label=other_label, share=share)
        return make_loss(TrainingConfig(label_smoothing=0.1))(logits, faces)

    one = jnp.ones(8)
    wanted = share * loss(own, own, one) + (1 - share) * loss(other, other, one)
    np.testing.assert_allclose(loss(own, other, share), wanted, rtol=1e-5)
    plain = -0.9 * jax.nn.log_softmax(logits)[jnp.arange(8), own]
    plain -= 0.1 * jax.nn.log_softmax(logits).mean(-1)
    np.testing.assert_allclose(loss(own, other, one), plain, rtol=1e-5)


def test_a_weighed_smooth_loss_is_that_of_torch():
    torch = pytest.importorskip("torch", reason="what it is compared with is torch's")
    random = np.random.default_rng(0)
    logits = random.normal(size=(8, 6)).astype(np.float32)
    label = random.integers(0, 6, 8)
    config = TrainingConfig(label_smoothing=0.1, class_weighting=0.5)
    found = make_loss(config, _COUNTS)(jnp.asarray(logits), _faces(label, label, jnp.ones(8)))
    weights = class_weights(_COUNTS, 0.5)
    loss = torch.nn.CrossEntropyLoss(torch.tensor(weights), label_smoothing=0.1, reduction="none")
    wanted = loss(torch.tensor(logits), torch.tensor(label)).numpy()
    assert relative_difference(np.asarray(found), wanted) < RELATIVE


def test_full_weights_are_the_balanced_ones_of_scikit_learn():
    labels = np.repeat(np.arange(6), _COUNTS)
    wanted = compute_class_weight("balanced", classes=np.arange(6), y=labels)
    np.testing.assert_allclose(class_weights(_COUNTS, 1.0), wanted, rtol=1e-6)
    assert class_weights(_COUNTS, 0.0) == 1.0
    # Between them the mean over faces stays 1, so that the learning rate means the same.
    np.testing.assert_allclose(class_weights(_COUNTS, 0.5)[labels].mean(), 1, rtol=1e-6)


def test_adjusted_logits_that_say_nothing_predict_the_frequencies():
    config = TrainingConfig(logit_adjustment=1.0)
    label = jnp.arange(6)
    loss = make_loss(config, _COUNTS)(jnp.zeros((6, 6)), _faces(label, label, jnp.ones(6)))
    np.testing.assert_allclose(np.exp(-loss), np.array(_COUNTS) / 150, rtol=1e-6)


@pytest.mark.parametrize("field", ["class_weighting", "logit_adjustment"])
def test_a_category_without_faces_cannot_be_weighed(field: str):
    with pytest.raises(InputError, match="need faces of every category"):
        make_loss(TrainingConfig(**{field: 1.0}), [3, 0, 1, 1, 1, 1])
