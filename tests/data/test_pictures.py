import dataclasses

import numpy as np

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.data import open_split
from gimefive_jax.data.pictures import number_pictures, pictures_of


def test_pictures_are_numbered_in_the_order_they_come():
    hashes = np.random.default_rng(0).integers(0, 256, (10, 32), dtype=np.uint8)
    assert number_pictures(hashes[[7, 2, 7, 5, 2, 7]]).tolist() == [0, 1, 0, 2, 1, 0]


def test_faces_of_a_split_with_equal_digests_are_one_picture(tiny_config: ExperimentConfig):
    split = open_split(tiny_config.data, "test")
    hashes = split.extras["pixel_sha256"].copy()
    hashes[5] = hashes[1]
    numbers = pictures_of(dataclasses.replace(split, extras={"pixel_sha256": hashes}))
    assert numbers[5] == numbers[1]
    assert len(set(numbers.tolist())) == len(set(pictures_of(split).tolist())) - 1
    assert pictures_of(dataclasses.replace(split, extras={})).tolist() == list(range(len(split)))
