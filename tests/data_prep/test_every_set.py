"""Every data set, from a miniature of what people download to an opened split."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gimefive_jax import cli
from gimefive_jax.config import DataConfig
from gimefive_jax.data import open_split
from tests import raw_fer2013
from tests.raw_affectnet import (
    WORDS,
    make_affectnet_faces,
    write_arrays,
    write_lists,
    write_repack,
)
from tests.raw_ck_plus import make_sequences, write_ck_plus
from tests.raw_expw import make_faces as make_expw_faces
from tests.raw_expw import write_expw
from tests.raw_ferplus import write_ferplus
from tests.raw_raf_db import make_raf_faces, write_basic, write_mirror
from tests.raw_tfeid import make_tfeid_names, write_tfeid

FER = raw_fer2013.make_faces()
AFFECTNET = make_affectnet_faces()
WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "fer2013": ("fer2013", lambda root: raw_fer2013.write_folders(root, FER)),
    "raf_db": ("raf_db", lambda root: write_basic(root, make_raf_faces())),
    "raf_db mirror": ("raf_db", lambda root: write_mirror(root, make_raf_faces())),
    "affectnet lists": ("affectnet", lambda root: write_lists(root, AFFECTNET)),
    "affectnet arrays": ("affectnet", lambda root: write_arrays(root, AFFECTNET)),
    "affectnet re-pack": (
        "affectnet",
        lambda root: write_repack(root, make_affectnet_faces(WORDS)),
    ),
    "ck_plus": ("ck_plus", lambda root: write_ck_plus(root, make_sequences())),
    "tfeid": ("tfeid", lambda root: write_tfeid(root, make_tfeid_names())),
    "expw": ("expw", lambda root: write_expw(root, make_expw_faces())),
}


@pytest.mark.parametrize("layout", WRITERS)
def test_a_download_becomes_a_split_that_opens(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, write = WRITERS[layout]
    write(tmp_path / "raw")
    words = ["data", "prepare", name, "--data-dir", str(tmp_path)]
    assert cli.main([*words, "--raw", str(tmp_path / "raw")]) == 0
    assert f"{name}/six: prepared in" in capsys.readouterr().out
    split = open_split(DataConfig(name=name, directory=str(tmp_path), image_size=32), "train")
    assert len(split) > 0
    assert set(np.unique(split.labels)) <= set(range(6))
    assert cli.main([*words, "--raw", str(tmp_path / "raw")]) == 0
    assert "already prepared" in capsys.readouterr().out


def test_ferplus_adds_its_votes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw_fer2013.write_csv(tmp_path / "fer.csv", FER, header=["emotion", "pixels", "Usage"])
    write_ferplus(tmp_path / "fer2013new.csv", FER)
    words = ["data", "prepare", "fer2013", "--data-dir", str(tmp_path)]
    words += ["--raw", str(tmp_path / "fer.csv"), "--ferplus", str(tmp_path / "fer2013new.csv")]
    assert cli.main(words) == 0
    split = open_split(DataConfig(directory=str(tmp_path), image_size=32), "train")
    assert split.extras["votes"].shape[0] == len(split)
    assert (split.extras["votes"].sum(axis=1) > 0).all()


def test_a_set_of_ones_own_has_a_name_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_fer2013.write_folders(tmp_path / "raw", FER)
    words = ["data", "prepare", "folders", "--raw", str(tmp_path / "raw")]
    assert cli.main([*words, "--set-name", "my_faces", "--data-dir", str(tmp_path)]) == 0
    split = open_split(DataConfig(name="my_faces", directory=str(tmp_path), image_size=32), "test")
    assert len(split) == 18
    capsys.readouterr()
    assert cli.main(["data", "list", "--data-dir", str(tmp_path)]) == 0
    assert "my_faces/six" in capsys.readouterr().out


def test_an_image_left_out_is_told_by_the_exit_status_every_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_fer2013.write_folders(tmp_path / "raw", FER)
    (tmp_path / "raw" / "train" / "happy" / "Training_0.jpg").write_bytes(b"not an image")
    words = ["data", "prepare", "fer2013", "--raw", str(tmp_path / "raw")]
    for state in ("prepared in", "already prepared in"):
        assert cli.main([*words, "--data-dir", str(tmp_path / "tfds")]) == 2
        printed = capsys.readouterr()
        assert f"fer2013/six: {state}" in printed.out
        assert "left out Training_0.jpg" in printed.err
