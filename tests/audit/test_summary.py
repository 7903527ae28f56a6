"""The file of an audit: written and read back."""

import json
from pathlib import Path

import pytest

from gimefive_jax.audit.summary import (
    AuditSummary,
    EqualCounts,
    NearCounts,
    OriginalKind,
    OtherKinds,
    read_audit,
)
from gimefive_jax.errors import InputError

COUNTS = dict.fromkeys(
    (
        "groups",
        "faces",
        "largest",
        "within_train",
        "within_test",
        "across_train_and_test",
        "contradicting",
        "chained",
        "test_faces_in_train",
    ),
    3,
)
SUMMARY = AuditSummary(
    data="made/six",
    version="1.0.0",
    fingerprint="f",
    sha256={"train": "a"},
    command="gimefive data audit made",
    python="3.11",
    packages={"numpy": "2"},
    thresholds={"near_side": 24, "near_correlation": 0.9},
    faces=12,
    faces_per_split={"train": {"fear": 12}},
    equal=EqualCounts(**COUNTS, identical_files=1),
    near=NearCounts(**COUNTS, with_mirrored=2),
    blank=0,
    originals=(OriginalKind(48, 48, "L", "PNG", files=9), OtherKinds(other_kinds=2, files=3)),
    excluded=None,
)


def test_what_is_written_is_read(tmp_path: Path):
    SUMMARY.write(tmp_path)
    assert read_audit(tmp_path) == SUMMARY
    (tmp_path / "again").mkdir()
    read_audit(tmp_path).write(tmp_path / "again")
    files = (folder / "audit.json" for folder in (tmp_path, tmp_path / "again"))
    assert len({file.read_bytes() for file in files}) == 1


def test_a_damaged_file_is_named_with_its_field(tmp_path: Path):
    SUMMARY.write(tmp_path)
    path = tmp_path / "audit.json"
    values = json.loads(path.read_text())
    del values["near"]["chained"]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"audit\.json.*near\.chained.*gimefive data audit"):
        read_audit(tmp_path)
