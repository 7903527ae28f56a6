"""onnxruntime-web for tests: the package that npm fetches, or a made-up one without a network."""

import json
from pathlib import Path

import pytest

from gimefive_jax.web import runtime


def made_up_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the package's, of a few bytes, which is taken for the pinned one."""
    (folder / "dist").mkdir(parents=True)
    facts = {"name": runtime.PACKAGE, "version": runtime.VERSION}
    (folder / "package.json").write_text(json.dumps(facts))
    known = {}
    for name in runtime.FILES:
        data = f"made up: {name}".encode()
        (folder / "dist" / name).write_bytes(data)
        known[name] = runtime.integrity(data)
    monkeypatch.setattr(runtime, "FILES", known)
    return folder
