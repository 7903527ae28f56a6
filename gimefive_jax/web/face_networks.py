"""The networks that find faces, as ONNX files."""

from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, UInt8

from gimefive_jax.faces import blazeface, mesh
from gimefive_jax.faces.anchors import decode
from gimefive_jax.models.convolution import plain_convolutions
from gimefive_jax.structs import AnyArray


def export_detector() -> bytes:
    """Gives BlazeFace as an ONNX model.

    Returns:
      The model's bytes: of square views `faces`, uint8 `[batch, 128, 128, 3]`, it gives `scores`,
      `corners` and `keypoints` of every anchor, as `faces.anchors.Detections` has them, each face
      still as often as anchors see it.
    """
    return _exported(_anchors, blazeface.load_blazeface(), blazeface.INPUT_SIDE)


def export_mesh() -> bytes:
    """Gives what the face mesh says of there being a face as an ONNX model.

    Returns:
      The model's bytes: of `faces`, uint8 `[batch, 192, 192, 3]`, it gives `confidence`, from 0 to
      1.
    """
    return _exported(_confidence, mesh.load_mesh(), mesh.INPUT_SIDE)


def _anchors(
    variables: PyTree, views: UInt8[Array, "batch 128 128 3"]
) -> dict[str, Float[AnyArray, "batch ..."]]:
    # uint8 to what the network was trained on.
    x = views.astype(jnp.float32) / 127.5 - 1
    outputs = blazeface.BlazeFace().apply(variables, x)
    found = decode(cast(blazeface.AnchorOutputs, outputs))
    return {"scores": found.scores, "corners": found.corners, "keypoints": found.keypoints}


def _confidence(
    variables: PyTree, faces: UInt8[Array, "batch 192 192 3"]
) -> dict[str, Float[AnyArray, " batch"]]:
    found = cast(mesh.Mesh, mesh.FaceMesh().apply(variables, faces.astype(jnp.float32) / 255))
    return {"confidence": jax.nn.sigmoid(found.presence)}


def _exported(
    function: Callable[[PyTree, Array], dict[str, AnyArray]], variables: PyTree, side: int
) -> bytes:
    from gimefive_jax.interop.onnx import to_onnx

    with plain_convolutions():
        # The shipped weights are halves.
        return to_onnx(function, variables, side=side, batch=None, metadata={}, halves=True)
