"""Pictures of an export, drawn from its arrays and manifest."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from gimefive_jax import files
from gimefive_jax.explained import layout
from gimefive_jax.explained.activation_picture import LayerActivation, draw_activations
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.manifest import ManifestRow
from gimefive_jax.explained.opened import Export
from gimefive_jax.explained.pictures import draw_panel
from gimefive_jax.explained.plan import PictureChoice

# Enough per category to see a pattern, few enough for one look.
_SAMPLES_PER_CATEGORY = 4


def write_pictures(export: Export, faces: ExplainedFaces, choice: PictureChoice) -> None:
    """Draws panels of an export's first method and layer into its folder.

    Args:
      export: An export; pictures that it has are kept, those of another choice removed.
      faces: The faces that it explains.
      choice: All faces, a sample of hits and misses of each category, or none.
    """
    rows = _drawn(export.iterate_rows())
    if choice == "sample":
        rows = iter(_sample(rows))
    wanted = set()
    if choice != "none":
        for row in tqdm(rows, unit="picture", desc="draw", disable=choice == "sample"):
            wanted.add(_draw(export, faces, row))
            if export.summary.activations:
                wanted.add(_draw_activations(export, faces, row))
    folder = export.folder / layout.PICTURES
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in wanted:
            path.unlink()
    if not wanted and folder.is_dir():
        folder.rmdir()


def face_activations(export: Export, row: int) -> list[LayerActivation]:
    """Gives what each recorded layer answers to a face, as `draw_activations` takes it.

    Args:
      export: An export with activations.
      row: The face's row of the arrays.

    Raises:
      InputError: The export has no activations.
    """
    return [
        LayerActivation(
            name=layer,
            mean=export.activations(layer)[row],
            numbers=export.channel_numbers(layer)[row],
            channels=export.strongest_channels(layer)[row],
        )
        for layer in export.summary.activations
    ]


def describe(row: ManifestRow, method: str) -> str:
    """Makes the title of a face's picture.

    Args:
      row: The face's row of the manifest.
      method: Whose map is drawn.
    """
    target = f"{row.target} and not {row.against}" if row.against else row.target
    label = f"   |   label {row.label}" if row.label else ""
    return (
        f"{method} for {target}   |   predicted {row.predicted} "
        f"{row.probabilities[row.predicted]:.0%}{label}"
    )


def _draw(export: Export, faces: ExplainedFaces, row: ManifestRow) -> str:
    """Draws a face's picture unless it is there; gives its name."""
    method, layer = export.maps[0]
    path = layout.picture_file(export.folder, row.index, row.predicted)
    if not path.is_file():
        heat_map = export.heat_maps(method, layer)[row.row]
        if heat_map.ndim == 3:
            heat_map = heat_map[list(row.probabilities).index(row.target)]
        panel = draw_panel(
            faces.images[row.row],
            heat_map,
            describe(row, method),
            min_max=export.summary.reference,
        )
        with files.replacing(path) as temporary:
            panel.save(temporary, format="PNG")
    return path.name


def _draw_activations(export: Export, faces: ExplainedFaces, row: ManifestRow) -> str:
    """Draws a face's way through the network unless it is there; gives the picture's name."""
    path = layout.picture_file(export.folder, row.index, row.predicted, layout.ACTIVATIONS)
    if not path.is_file():
        label = f"   |   label {row.label}" if row.label else ""
        title = f"predicted {row.predicted} {row.probabilities[row.predicted]:.0%}{label}"
        picture = draw_activations(faces.images[row.row], face_activations(export, row.row), title)
        with files.replacing(path) as temporary:
            picture.save(temporary, format="PNG")
    return path.name


def _drawn(rows: Iterable[ManifestRow]) -> Iterator[ManifestRow]:
    """A row per face: where every category is explained, the predicted one's."""
    for _, of_face in itertools.groupby(rows, key=lambda row: row.row):
        several = list(of_face)
        yield next((row for row in several if row.target == row.predicted), several[0])


def _sample(rows: Iterable[ManifestRow]) -> list[ManifestRow]:
    """First hits and first misses of each category, so that both kinds are seen."""
    found: list[ManifestRow] = []
    counts = Counter[tuple[str, bool | None]]()
    for row in rows:
        kind = (row.label or row.predicted, row.is_correct)
        counts[kind] += 1
        share = 1 if row.is_correct is None else 2
        if counts[kind] <= _SAMPLES_PER_CATEGORY // share:
            found.append(row)
    return found
