import numpy as np

from gimefive_jax.faces import region_sentence


def test_the_sentence_names_the_region_with_most_of_the_evidence():
    words = region_sentence(
        "fear", {"mouth": 0.2, "eyes": 0.3, "rest": 0.5}, {"mouth": 1.0, "eyes": 2.04}
    )
    assert words == (
        "30\u202f% of the positive evidence for fear lies in the eyes region, 2.0× its area."
    )


def test_most_of_the_evidence_outside_of_the_regions_is_said():
    words = region_sentence("fear", {"mouth": 0.2, "rest": 0.8}, {"mouth": np.nan})
    assert words.endswith("the mouth region; 80\u202f% lies outside of all named regions.")
    assert "its area" not in words


def test_nothing_is_said_of_what_is_not_known():
    assert region_sentence("fear", {"mouth": np.nan, "rest": 1.0}, {}) == ""
    assert region_sentence("fear", {}, {}) == ""


def test_a_large_region_with_its_area_alone_is_not_named():
    words = region_sentence("anger", {"cheeks": 0.3, "brows": 0.2}, {"cheeks": 1.0, "brows": 2.0})
    assert "20\u202f% of the positive evidence for anger lies in the brows region" in words
