"""Convolutions of channels-last grids, computed on CPU in the way that is fastest for their shape.

One function, four ways to compute it, and a way of its own for the gradient of the kernel. XLA's
own convolution serves every other platform and is the definition of the others.
`benchmarks/results/models.md` holds the measurements.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

Convolution = Callable[[Array, Array], Array]
# Below these the products are too small to win back the transforms, and small test models would
# pay for a larger program with compile time.
_WINOGRAD_CHANNELS = 64
_WINOGRAD_TILES = 4
# Of a whole batch: for as few, transforming the kernel costs more than it saves.
_FEW_TILES = 16
# From here on the kernel is what is read and written most, and nine copies of a small grid are not.
_PATCHES_CHANNELS = 256
# So few channels leave XLA's convolution with too little to do per output it writes.
_FEW_CHANNELS, _TILED_FEATURES = 4, 16
# As wide as this a product of Winograd's tiles is fast in the gradient of the kernel as well.
_WIDE_GRADIENT = 128
# Positions of a grid that XLA's gradient of a kernel sums at full speed; it takes twice to eight
# times as long for each of many more.
_POSITIONS = 8192
# Faster exact forms exist for these only; the rounding of bfloat16 would show in transforms.
_DTYPES = (jnp.float32, jnp.float64)
_is_plain = ContextVar("_is_plain", default=False)


@contextlib.contextmanager
def plain_convolutions() -> Iterator[None]:
    """Has what is traced meanwhile hold no other convolutions than XLA's own.

    For programs that other software computes, in its own way. What is jitted already is not traced
    again.
    """
    token = _is_plain.set(True)
    try:
        yield
    finally:
        _is_plain.reset(token)


def conv(
    features: int, *, name: str, size: int = 3, stride: int = 1, use_bias: bool = True
) -> nn.Conv:
    """Returns flax's convolution layer, padded by half its window and computed by `convolve`.

    The padding is spelled out: with stride 2, "SAME" would pad right and bottom only, torch pads
    all sides.
    """
    padding = (size // 2, size // 2)
    return nn.Conv(
        features,
        (size, size),
        strides=(stride, stride),
        padding=(padding, padding),
        use_bias=use_bias,
        conv_general_dilated=convolve,
        name=name,
    )


def convolve(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "size size channel features"],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    **rest: Any,
) -> Float[Array, "batch out_height out_width features"]:
    """What `lax.conv_general_dilated` gives for the same arguments, within rounding."""

    def plain(x: Array, kernel: Array) -> Array:
        return lax.conv_general_dilated(x, kernel, strides, padding, **rest)

    if is_plain() or x.dtype not in _DTYPES:
        return plain(x, kernel)
    fast = _fast_way(x, kernel, stride=strides[0], precision=rest.get("precision"))
    if fast is None or not _is_wide(kernel):
        of_kernel = functools.partial(_pieces, plain)
        fast = functools.partial(_with_kernel_gradient, fast or plain, of_kernel)
    return by_platform(x, kernel, cpu=fast, default=plain)


def _is_wide(kernel: Array) -> bool:
    """Whether a product that gives the outputs is fast in the gradient of the kernel as well."""
    size, _, channels, features = kernel.shape
    narrow, wide = sorted((channels, features))
    return size == 1 or (narrow >= _WINOGRAD_CHANNELS and wide >= _WIDE_GRADIENT)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _with_kernel_gradient(
    convolution: Convolution, of_kernel: Convolution, x: Array, kernel: Array
) -> Array:
    """What `convolution` gives; differentiated by the kernel as `of_kernel`, which gives it too."""
    return convolution(x, kernel)


def _tangent(
    convolution: Convolution,
    of_kernel: Convolution,
    primals: tuple[Array, Array],
    tangents: tuple[Array | SymbolicZero, Array | SymbolicZero],
) -> tuple[Array, Array]:
    (x, kernel), (x_tangent, kernel_tangent) = primals, tangents
    parts = []
    if not isinstance(x_tangent, SymbolicZero):
        parts.append(convolution(x_tangent, kernel))
    if not isinstance(kernel_tangent, SymbolicZero):
        parts.append(of_kernel(x, kernel_tangent))
    return convolution(x, kernel), functools.reduce(jnp.add, parts)


_with_kernel_gradient.defjvp(_tangent, symbolic_zeros=True)


def _pieces(convolution: Convolution, x: Array, kernel: Array) -> Array:
    """The convolution of a few faces at a time: its gradient is a sum over fewer positions."""
    batch, height, width, _ = x.shape
    wanted = batch * height * width // _POSITIONS
    count = next(count for count in range(max(wanted, 1), 0, -1) if batch % count == 0)
    if count == 1:
        return convolution(x, kernel)
    # Every count-th face: of a batch that lies on several devices each piece lies on all of them.
    faces = x.reshape(batch // count, count, *x.shape[1:])
    pieces = [convolution(piece, kernel) for piece in _unstacked(faces, axis=1)]
    out = jnp.stack(pieces, axis=1)
    return out.reshape(batch, *out.shape[2:])


def by_platform(x: Array, kernel: Array, *, cpu: Convolution, default: Convolution) -> Array:
    """Computes a convolution in one form on CPU and in another elsewhere.

    Chosen when the program is lowered: a TPU or GPU sees its own convolution and nothing else. So
    does what is traced within `plain_convolutions`.
    """
    if is_plain():
        return default(x, kernel)
    return lax.platform_dependent(x, kernel, cpu=cpu, default=default)


def is_plain() -> bool:
    """Tells whether what is traced now holds XLA's own convolutions alone."""
    return _is_plain.get()


def _fast_way(
    x: Array, kernel: Array, *, stride: int, precision: lax.PrecisionLike
) -> Convolution | None:
    """The form for these shapes on CPU, None where XLA's convolution is as good."""
    batch, height, width, channels = x.shape
    size, _, _, features = kernel.shape
    even = height % 2 == 0 and width % 2 == 0
    tiles = height * width // 4
    wide = min(channels, features) >= _WINOGRAD_CHANNELS
    if (size, stride) == (3, 1) and even and wide and tiles >= _WINOGRAD_TILES:
        few_tiles = channels >= _PATCHES_CHANNELS and batch * tiles <= _FEW_TILES
        return functools.partial(patches_product if few_tiles else winograd, precision=precision)
    few = channels <= _FEW_CHANNELS and features >= _TILED_FEATURES
    if (size, stride) == (3, 1) and even and few:
        return functools.partial(tile_product, precision=precision)
    if size == 1 and stride > 1:
        return functools.partial(_of_every_other, stride=stride, precision=precision)
    if wide and channels >= _PATCHES_CHANNELS:
        return functools.partial(patches_product, stride=stride, precision=precision)
    return None


def _of_every_other(
    x: Array, kernel: Array, *, stride: int, precision: lax.PrecisionLike = None
) -> Array:
    """1x1 convolution with a stride: a product of the positions that it reads."""
    return jnp.dot(x[:, ::stride, ::stride], kernel[0, 0], precision=precision)


def patches_product(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "size size channel features"],
    *,
    stride: int = 1,
    precision: lax.PrecisionLike = None,
) -> Float[Array, "batch out_height out_width features"]:
    """One product of all patches under the window, side by side, with the kernel as a matrix."""
    size, _, channels, features = kernel.shape
    batch, height, width, _ = x.shape
    grid = ((height - 1) // stride + 1, (width - 1) // stride + 1)
    margin = size // 2
    padded = jnp.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    patches = jnp.concatenate(
        [
            padded[:, i : i + height : stride, j : j + width : stride]
            for i in range(size)
            for j in range(size)
        ],
        axis=-1,
    )
    rows = patches.reshape(-1, size * size * channels)
    product = jnp.dot(rows, kernel.reshape(-1, features), precision=precision)
    return product.reshape(batch, *grid, features)


def tile_product(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "3 3 channel features"],
    *,
    precision: lax.PrecisionLike = None,
) -> Float[Array, "batch height width features"]:
    """3x3 convolution, one product of each 4x4 patch with the kernels of its four outputs.

    For few channels: nine inputs of three channels are too short a sum for a product to be fast.
    """
    batch, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = jnp.concatenate(
        [
            padded[:, i : i + height - 1 : 2, j : j + width - 1 : 2]
            for i in range(4)
            for j in range(4)
        ],
        axis=-1,
    )

    def moved(down: int, right: int) -> Array:
        return jnp.pad(kernel, ((down, 1 - down), (right, 1 - right), (0, 0), (0, 0)))

    kernels = jnp.stack([moved(i, j) for i in range(2) for j in range(2)], axis=3)
    product = jnp.dot(
        patches.reshape(-1, 16 * channels),
        kernels.reshape(16 * channels, -1),
        precision=precision,
    )
    quads = product.reshape(batch, height // 2, width // 2, 2, 2, -1)
    return jnp.moveaxis(quads, 3, 2).reshape(batch, height, width, -1)


def winograd(
    x: Float[Array, "batch height width channel"],
    kernel: Float[Array, "3 3 channel features"],
    *,
    precision: lax.PrecisionLike = None,
) -> Float[Array, "batch height width features"]:
    """3x3 convolution, 16 products per 2x2 outputs instead of 36 (Lavin & Gray 2016).

    Sums and differences of the inputs of a tile, a matrix product over channels at each of its 16
    positions, sums and differences again. Autodiff turns it into the same saving for both
    gradients. Only halves are multiplied in, so rounding stays that of a convolution.
    """
    batch, height, width, channels = x.shape
    features = kernel.shape[-1]
    tiles = (batch, height // 2, width // 2)
    # 4x4 inputs of every tile of 2x2 outputs: neighbours overlap by two.
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = _input_sums(_tile_parts(padded, axis=1))
    inputs = [_input_sums(_tile_parts(row, axis=2)) for row in rows]
    kernels = [_kernel_sums(_unstacked(row)) for row in _kernel_sums(_unstacked(kernel))]

    # Sixteen arrays and as many products: as one stacked array they would be copied once more.
    def product(i: int, j: int) -> Array:
        tile = inputs[i][j].reshape(-1, channels)
        return jnp.dot(tile, kernels[i][j], precision=precision).reshape(*tiles, features)

    columns = [_output_sums([product(i, j) for i in range(4)]) for j in range(4)]
    outputs = [_output_sums([column[i] for column in columns]) for i in range(2)]
    quads = jnp.stack([jnp.stack(row, axis=3) for row in outputs], axis=2)
    return quads.reshape(batch, height, width, features)


def _tile_parts(x: Array, *, axis: int) -> list[Array]:
    """Of each run of four along `axis` that begins at an even place, the first to the fourth."""
    pairs = x.reshape(*x.shape[:axis], -1, 2, *x.shape[axis + 1 :])
    even, odd = _unstacked(pairs, axis=axis + 1)
    last = even.shape[axis]
    return [
        lax.slice_in_dim(part, start, last - 1 + start, axis=axis)
        for start in (0, 1)
        for part in (even, odd)
    ]


def _unstacked(x: Array, *, axis: int = 0) -> list[Array]:
    # Not by index: the gradient of that is a sum of arrays of the whole size, mostly zeros.
    parts = lax.split(x, (1,) * x.shape[axis], axis=axis)
    return [jnp.squeeze(part, axis) for part in parts]


def _input_sums(parts: list[Array]) -> list[Array]:
    a, b, c, d = parts
    return [a - c, b + c, c - b, b - d]


def _kernel_sums(parts: list[Array]) -> list[Array]:
    a, b, c = parts
    return [a, (a + b + c) * 0.5, (a - b + c) * 0.5, c]


def _output_sums(parts: list[Array]) -> list[Array]:
    a, b, c, d = parts
    return [a + b + c, b - c - d]
