"""Memory of an export does not grow with its faces."""

import math
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
import pytest

from gimefive_jax import parallel
from gimefive_jax.config import ModelConfig
from gimefive_jax.data.names import FileNames
from gimefive_jax.explained.export import export_faces
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.opened import open_export
from gimefive_jax.explained.plan import ExportPlan
from gimefive_jax.explained.targets import find_targets
from gimefive_jax.explained.writer import ShardWriter
from gimefive_jax.explanation import explain_fn
from gimefive_jax.explanation.methods import find_methods
from gimefive_jax.inference import Driver, on_pixels

NUM_FACES, EMOTIONS, SIDE = 30_000, ("happiness", "fear"), 16
STATUS = Path("/proc/self/status")


class _Net(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Conv(4, (3, 3), name="conv")(x))
        return nn.Dense(2, name="logits")(x.mean((1, 2)))


def _anonymous_bytes() -> int:
    """Memory that the process itself holds, without pages of mapped files."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


@pytest.mark.heavy
@pytest.mark.skipif(not STATUS.is_file(), reason="reads the process's memory from Linux")
def test_memory_does_not_grow_with_the_maps_of_thirty_thousand_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    np.lib.format.open_memmap(
        tmp_path / "faces.npy", "w+", np.uint8, (NUM_FACES, SIDE, SIDE, 1)
    ).flush()
    faces = ExplainedFaces(
        data_name="made/up",
        name="test",
        images=np.load(tmp_path / "faces.npy", mmap_mode="r"),
        labels=np.arange(NUM_FACES) % 2,
        file_names=FileNames(np.array([f"{i:06d}.png" for i in range(NUM_FACES)])),
        index=np.arange(NUM_FACES),
        emotions=EMOTIONS,
        digest="none",
    )
    methods = ("hirescam", "gradcam")
    plan = ExportPlan(
        model_name="net",
        weights_sha256="",
        network=ModelConfig(),
        image_size=SIDE,
        fit="squash",
        methods=find_methods(methods),
        layers=("conv",),
        targets=find_targets("all", EMOTIONS),
        pictures="sample",
    )
    variables = _Net().init(jax.random.key(0), np.zeros((1, SIDE, SIDE, 3), np.float32))
    explain = explain_fn(_Net(), methods=methods, layers="conv", every_category=True)
    seen: dict[int, int] = {}
    add = ShardWriter.add

    def measured(self: ShardWriter, rows: slice, found: object) -> None:
        add(self, rows, found)
        seen[rows.stop] = _anonymous_bytes()

    monkeypatch.setattr(ShardWriter, "add", measured)
    export_faces(
        on_pixels(explain, channels=3),
        variables,
        faces,
        tmp_path / "out",
        plan=plan,
        driver=Driver(parallel.make_mesh(), 256),
    )
    # What the allocators keep settles over the first shards. The maps alone are 246 MB.
    early = max(size for stop, size in seen.items() if stop <= 2048)
    maps = open_export(tmp_path / "out").heat_maps("hirescam", "conv")
    num_bytes = len(methods) * maps.dtype.itemsize * math.prod(maps.shape)
    assert max(seen.values()) - early < 0.1 * num_bytes
