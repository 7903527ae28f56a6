import jax
import numpy as np
import pytest

from benchmarks.explanation_identities import make_facts
from gimefive_jax import load


@pytest.mark.heavy
def test_what_must_hold_exactly_holds_of_the_shipped_weights():
    classifier = load("small")
    x = jax.random.normal(jax.random.key(0), (4, 64, 64, 3))
    found = jax.jit(make_facts(classifier.model, classifier.model.last_block))(
        classifier.variables, x
    )
    for name in ("complete_at_pool", "complete_at_activation", "window_sums", "gradcam_at_pool"):
        assert (np.asarray(getattr(found, name)) <= 1).all(), name
    assert (np.asarray(found.gradcam_at_activation) > 1).any()
