"""A profiled run leaves a trace that the usual tools open, and the same parameters."""

import gzip
import json
from pathlib import Path

import chex
import pytest

from gimefive_jax.api import load
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.training.loop import train


@pytest.mark.heavy
def test_a_profiled_run_leaves_a_trace_for_xprof_and_perfetto(
    tiny_config: ExperimentConfig, tmp_path: Path
):
    # Four groups of eight steps are needed: 8 epochs of 4.5 steps.
    config = replace(tiny_config, {"training.num_epochs": 8})
    train(config, tmp_path / "profiled", progress=False, profile=True)
    [trace] = (tmp_path / "profiled/profile").rglob("perfetto_trace.json.gz")
    with gzip.open(trace) as file:
        assert json.load(file)["traceEvents"]
    assert list((tmp_path / "profiled/profile").rglob("*.xplane.pb"))
    train(config, tmp_path / "plain", progress=False)
    profiled, plain = (load(tmp_path / name).variables for name in ("profiled", "plain"))
    chex.assert_trees_all_equal(profiled, plain)
