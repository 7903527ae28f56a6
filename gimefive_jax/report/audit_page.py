"""The audit's page: one self-contained HTML file, with thumbnails of what was found."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gimefive_jax import files
from gimefive_jax.audit.findings import Audit
from gimefive_jax.audit.summary import AuditSummary
from gimefive_jax.report.audit_cards import make_blanks, make_sheets
from gimefive_jax.report.templating import embed_png, render


@dataclasses.dataclass(frozen=True)
class BalanceRow:
    """A category's faces in each split; lengths are percent of the longest bar."""

    emotion: str
    counts: Mapping[str, int]
    shares: Mapping[str, float]
    lengths: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class MeanFace:
    """Mean of all faces of a category in a part of the set."""

    emotion: str
    picture: str
    count: int


def write_audit_page(path: Path, audit: Audit, summary: AuditSummary) -> None:
    """Writes the page of an audit in one step; it needs no other file, no network and no script.

    Args:
      path: The HTML file.
      audit: The findings.
      summary: What audit.json holds.
    """
    files.write_text(path, render_audit_page(audit, summary))


def render_audit_page(audit: Audit, summary: AuditSummary) -> str:
    """Renders the page of an audit as HTML.

    Args:
      audit: The findings, with the faces that are shown.
      summary: What audit.json holds.
    """
    return render(
        "audit.html.j2",
        filters={},
        summary=summary,
        emotions=audit.faces.emotions,
        splits=[split.name for split in audit.faces.splits],
        balance=_balance(audit.faces.counts()),
        mean_faces=_mean_faces(audit),
        sheets=make_sheets(audit),
        blanks=make_blanks(audit),
    )


def _balance(counts: Mapping[str, Mapping[str, int]]) -> list[BalanceRow]:
    totals = {split: max(1, sum(of.values())) for split, of in counts.items()}
    top = max(of[emotion] / totals[split] for split, of in counts.items() for emotion in of)
    rows = []
    for emotion in next(iter(counts.values())):
        shares = {split: of[emotion] / totals[split] for split, of in counts.items()}
        rows.append(
            BalanceRow(
                emotion=emotion,
                counts={split: of[emotion] for split, of in counts.items()},
                shares=shares,
                lengths={split: 100 * share / (top or 1) for split, share in shares.items()},
            )
        )
    return rows


def _mean_faces(audit: Audit) -> dict[str, list[MeanFace]]:
    counts = audit.faces.counts()
    in_part = {
        part: [split for split in counts if (split == "test") == (part == "test")]
        for part in audit.mean_faces
    }
    return {
        part: [
            MeanFace(
                emotion,
                picture=embed_png(np.round(mean).astype(np.uint8)),
                count=sum(counts[split][emotion] for split in in_part[part]),
            )
            for emotion, mean in means.items()
        ]
        for part, means in audit.mean_faces.items()
    }
