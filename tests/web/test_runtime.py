import io
import json
import tarfile
from pathlib import Path

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.web import runtime
from gimefive_jax.web.runtime import PACKAGE, VERSION, Runtime, found_runtime
from tests.web.packages import made_up_package


def test_what_the_page_loads_is_taken_from_a_folder_of_packages_with_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made_up_package(tmp_path / "node_modules" / PACKAGE, monkeypatch)
    with found_runtime(tmp_path) as found:
        found.write(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {*runtime.FILES, "LICENSE.txt"}
    assert "Microsoft" in (tmp_path / "out" / "LICENSE.txt").read_text()


def test_a_tarball_is_known_by_its_integrity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = made_up_package(tmp_path / "package", monkeypatch)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tarball:
        tarball.add(package, arcname="package")
    path = tmp_path / "package.tgz"
    path.write_bytes(file.getvalue())
    with pytest.raises(InputError, match=f"{VERSION} as its registry has it.*checksum"):
        Runtime(path)
    monkeypatch.setattr(runtime, "INTEGRITY", runtime.integrity(file.getvalue()))
    Runtime(path).write(tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_another_version_and_changed_bytes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = made_up_package(tmp_path / "package", monkeypatch)
    changed = sorted(runtime.FILES)[0]
    (package / "dist" / changed).write_bytes(b"changed")
    with pytest.raises(InputError, match=f"{changed} has another checksum"):
        Runtime(package)
    (package / "package.json").write_text(json.dumps({"name": PACKAGE, "version": "1.0.0"}))
    with pytest.raises(InputError, match=f"it is {PACKAGE} 1.0.0"):
        Runtime(package)
    with pytest.raises(InputError, match=f"npm pack {PACKAGE}@{VERSION}"):
        Runtime(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("script", "told"), [(None, "install Node.js"), ("echo no route >&2; exit 1", "no route")]
)
def test_without_npm_or_its_network_one_line_tells_what_to_do(
    script: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if script:
        (tmp_path / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=f"{told}.*--runtime"), found_runtime(None):
        pass
