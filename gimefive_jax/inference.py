"""The one driver of whatever is computed face by face: prediction, explanation, and what follows.

It alone pads, masks, shards, sends ahead, joins and shows progress. What is computed is a pure
function `(variables, faces, *columns)` of uint8 faces; every row of its results belongs to the row
of the same number among the faces.
"""

import dataclasses
import functools
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Int, PyTree, Shaped, UInt8
from tqdm import tqdm

from gimefive_jax import kept_programs, parallel, preprocess
from gimefive_jax.errors import InputError
from gimefive_jax.structs import AnyArray

Tree = TypeVar("Tree")
Faces = UInt8[AnyArray, "batch height width channel"]
FaceFunction = Callable[..., Tree]
"""`(variables, faces, *columns) -> results`; each array of the results has a row per face."""


@dataclasses.dataclass(frozen=True)
class View:
    """How faces are changed before a function sees them: mirrored, occluded, corrupted.

    Args:
      function: Pure function of uint8 faces `[batch, height, width, channel]` and their numbers
        `[batch]` that gives uint8 faces. It may use the numbers to draw for each face alone.
      on_host: Whether it takes numpy arrays and runs before the faces are sent to the devices.
        Otherwise it consists of jax operations and becomes a part of the program.
    """

    function: Callable[..., Faces]
    on_host: bool = False


def mirror(faces: Faces, index: Int[AnyArray, " batch"] | None = None) -> Faces:
    """Gives the mirror image of each face; a `View` needs no more than this."""
    return faces[:, :, ::-1]


def on_pixels(function: FaceFunction[Tree], *, channels: int) -> FaceFunction[Tree]:
    """Gives `function`, a function of the network's float input, as one of uint8 faces.

    Args:
      function: `(variables, x, *columns)` with `x` as `preprocess.to_input` makes it.
      channels: 3 for three equal normalised channels, 1 for one.

    Returns:
      `(variables, faces, *columns)` with the same results.
    """

    def of_faces(variables: PyTree, faces: Faces, *columns: AnyArray) -> Tree:
        return function(variables, preprocess.to_input(faces, channels=channels), *columns)

    return kept_programs.named(of_faces, kept_programs.name_of(function), channels)


# Bounded, as a program keeps its function alive. One function on one mesh is compiled once.
@functools.lru_cache(maxsize=32)
def make_step(
    function: FaceFunction[Tree], mesh: Mesh, *, num_columns: int = 0, view: View | None = None
) -> FaceFunction[Tree]:
    """Gives the jitted program of `function`, its rows divided over the devices of `mesh`.

    Args:
      function: Pure `(variables, faces, *columns)`; see `FaceFunction`.
      mesh: Devices of all processes; each holds a whole copy of the variables.
      num_columns: How many further arrays the function takes, such as a target per face.
      view: Change of the faces inside the program; the step then takes their numbers as well, as
        `(variables, faces, index, *columns)`.

    Returns:
      The step; equal arguments give the same one, so nothing is compiled twice.
    """
    rows = parallel.rows(mesh)
    arrays = (rows,) * (1 + (view is not None) + num_columns)
    in_shardings = (parallel.replicated(mesh), *arrays)
    seen = function if view is None else _viewed(function, view)
    return jax.jit(seen, in_shardings=in_shardings, out_shardings=rows)


def place(variables: Tree, mesh: Mesh) -> Tree:
    """Gives `variables` with a whole copy on every device; those that lie there are not moved."""
    whole = parallel.replicated(mesh)

    def lies_there(leaf: object) -> bool:
        return isinstance(leaf, jax.Array) and leaf.sharding == whole

    if all(map(lies_there, jax.tree.leaves(variables))):
        return variables
    return parallel.put_replicated(variables, mesh)


@dataclasses.dataclass(frozen=True)
class Driver:
    """Runs a function over any number of faces, on any number of devices and processes.

    Every process makes each call, with all of the faces; it reads and sends its own rows alone, and
    gets the results of all.

    Args:
      mesh: The devices.
      batch_size: Faces per step over all devices. It is rounded up to a multiple of the devices.
      view: Change of every face before the function sees it.
      progress: Words beside a progress bar; none shows no bar.
      smaller: Sizes of a step for fewer faces than `batch_size`, ascending. None takes the next
        power of two, so that a handful of programs serve every small number.

    Example:
      >>> import numpy as np
      >>> from gimefive_jax import parallel
      >>> faces = np.full((5, 8, 8, 1), 2, np.uint8)
      >>> driver = Driver(parallel.make_mesh(), batch_size=4)
      >>> means = driver.run(lambda factor, faces: faces.mean((1, 2, 3)) * factor, 3.0, faces)
      >>> means.tolist()
      [6.0, 6.0, 6.0, 6.0, 6.0]
    """

    mesh: Mesh
    batch_size: int
    view: View | None = None
    progress: str = ""
    smaller: tuple[int, ...] | None = None

    def run(
        self,
        function: FaceFunction[Tree],
        variables: PyTree,
        faces: Shaped[AnyArray, "face height width channel"],
        *columns: Shaped[AnyArray, "face ..."],
        index: Int[AnyArray, " face"] | None = None,
    ) -> Tree:
        """Gives the results for all faces, joined, as numpy arrays; arguments as of `stream`."""
        parts = [part for _, part in self.stream(function, variables, faces, *columns, index=index)]
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)

    def stream(
        self,
        function: FaceFunction[Tree],
        variables: PyTree,
        faces: Shaped[AnyArray, "face height width channel"],
        *columns: Shaped[AnyArray, "face ..."],
        index: Int[AnyArray, " face"] | None = None,
        begin: int = 0,
        shard: int | None = None,
    ) -> Generator[tuple[slice, Tree]]:
        """Gives results batch by batch, in order; memory does not grow with the faces.

        Args:
          function: Pure `(variables, faces, *columns)`; see `FaceFunction`.
          variables: What the function takes first; sent to the devices unless they are there.
          faces: uint8 `[face, height, width, channel]`, in memory or mapped from a file.
          *columns: Further arrays with a row per face, such as targets.
          index: Numbers by which a view knows the faces; by default their rows.
          begin: First row; those before it are left out.
          shard: No batch crosses a multiple of so many rows. Whoever begins at such a multiple then
            gets the batches, and the bits, that it would get from row 0 on.

        Yields:
          The rows of a batch, and the results for exactly these rows as numpy arrays.

        Raises:
          InputError: There are no faces.
        """
        if not len(faces):
            raise InputError("no faces given")
        index = np.arange(len(faces), dtype=np.int32) if index is None else np.asarray(index)
        silent = not (self.progress and parallel.is_first())
        size = self._size(min(len(faces), shard or len(faces)))
        batches = _batches(len(faces), size, begin=begin, shard=shard or len(faces))
        words = {"unit": "face", "disable": silent, "desc": self.progress}
        with tqdm(total=len(faces), initial=begin, **words) as bar:
            begun = self._begin(function, variables, faces, index, columns, size, batches)
            for rows, found in _one_ahead(begun):
                results, count = parallel.fetch(found), rows.stop - rows.start
                # Rows that only filled up the batch end here.
                yield rows, jax.tree.map(lambda leaf, count=count: leaf[:count], results)
                bar.update(count)

    def _begin(
        self,
        function: FaceFunction[Tree],
        variables: PyTree,
        faces: Shaped[AnyArray, "face height width channel"],
        index: Int[AnyArray, " face"],
        columns: tuple[Shaped[AnyArray, "face ..."], ...],
        size: int,
        batches: Iterator[slice],
    ) -> Iterator[tuple[slice, Tree]]:
        """Gives the rows of each batch and its results on the devices, which may be at work yet."""
        variables = place(variables, self.mesh)
        inside = None if self.view is None or self.view.on_host else self.view
        step = make_step(function, self.mesh, num_columns=len(columns), view=inside)
        numbers = () if inside is None else (index,)
        share = size // jax.process_count()
        # A view is no part of the function's name.
        is_ready = inside is not None
        for rows in batches:
            first = rows.start + share * jax.process_index()
            mine = slice(min(first, rows.stop), min(first + share, rows.stop))
            shown = np.asarray(faces[mine])
            if self.view is not None and self.view.on_host and len(shown):
                shown = np.asarray(self.view.function(shown, index[mine]))
            arrays = (shown, *(np.asarray(column[mine]) for column in (*numbers, *columns)))
            sent = parallel.put_process_rows(tuple(_fill(one, share) for one in arrays), self.mesh)
            if not is_ready:
                step, is_ready = kept_programs.ready(step, function, (variables, *sent)), True
            yield rows, step(variables, *sent)

    def _size(self, num_faces: int) -> int:
        """Faces per step: `batch_size`, or for fewer faces the smallest size that holds them."""
        power = 1 << (num_faces - 1).bit_length()
        sizes = (power,) if self.smaller is None else self.smaller
        few = next((size for size in sizes if size >= num_faces), self.batch_size)
        return parallel.round_up(min(self.batch_size, few), self.mesh)


def _batches(num_faces: int, size: int, *, begin: int, shard: int) -> Iterator[slice]:
    for start in range(begin, num_faces, shard):
        end = min(start + shard, num_faces)
        for first in range(start, end, size):
            yield slice(first, min(first + size, end))


def _viewed(function: FaceFunction[Tree], view: View) -> FaceFunction[Tree]:
    def seen(
        variables: PyTree, faces: Faces, index: Int[AnyArray, " batch"], *columns: AnyArray
    ) -> Tree:
        return function(variables, view.function(faces, index), *columns)

    return seen


def _one_ahead(begun: Iterator[tuple[slice, Tree]]) -> Iterator[tuple[slice, Tree]]:
    """Gives each item once the next one has begun, so that the devices never wait for the host."""
    before = None
    try:
        for item in begun:
            if before is not None:
                yield before
            before = item
        if before is not None:
            yield before
    finally:
        # Whoever stops early must not leave the devices at work behind its back.
        jax.block_until_ready(before)


def _fill(
    rows: Shaped[np.ndarray, "face *rest"], count: int
) -> Shaped[np.ndarray, "{count} *rest"]:
    """Fills up with rows of zeros, which no result keeps."""
    missing = count - len(rows)
    return np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
