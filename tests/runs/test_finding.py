import os
from pathlib import Path

import pytest

from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.report.run_folders import read_run
from gimefive_jax.runs import find_runs
from tests.made_runs import make_run

_CONFIG = ExperimentConfig()


def test_runs_are_found_at_any_depth_each_once_and_not_inside_one_another(tmp_path: Path):
    make_run(tmp_path / "b", _CONFIG, [0.1])
    make_run(tmp_path / "deep" / "er" / "a", _CONFIG, [0.1])
    make_run(tmp_path / "b" / "copy", _CONFIG, [0.1])
    make_run(tmp_path / ".b.123.partial", _CONFIG, [0.1])
    (tmp_path / "deep" / "loop").symlink_to(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path / "deep" / "er" / "a")
    found = find_runs([tmp_path, tmp_path / "b"])
    assert [run.path for run in found] == [tmp_path / "b", tmp_path / "deep" / "er" / "a"]


def test_a_stray_config_does_not_hide_the_runs_below(tmp_path: Path):
    make_run(tmp_path / "a", _CONFIG, [0.1])
    (tmp_path / "config.json").write_text("{}")
    assert [run.path for run in find_runs([tmp_path])] == [tmp_path, tmp_path / "a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everywhere")
def test_a_folder_that_may_not_be_opened_is_listed(tmp_path: Path):
    folder = make_run(tmp_path / "a", _CONFIG, [0.1])
    folder.chmod(0)
    try:
        [found] = find_runs([tmp_path])
        assert any("Permission denied" in line for line in read_run(found).problems)
    finally:
        folder.chmod(0o700)


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path):
    with pytest.raises(InputError, match="no folder"):
        find_runs([tmp_path / "nowhere"])
