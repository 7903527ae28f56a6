r"""Converts the face networks of MediaPipe from .tflite into the files that the package carries.

    pip install tflite
    cd gimefive_jax/assets/faces
    python ../../../tools/convert_face_networks.py . *.tflite

Run once for each version of the networks; the package does not need tflite, and the .tflite files
only where LiteRT is asked for.
The same file gives the same bytes. Both files are those of the Python package mediapipe 0.10.21,
Apache-2.0; their checksums tell which is which.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tflite
from flax.traverse_util import unflatten_dict
from jaxtyping import Float

from gimefive_jax.faces.network_files import write_network
from gimefive_jax.files import file_sha256

Tensors = dict[str, Float[np.ndarray, "..."]]


class Places:
    """The tensors of a file, moved one by one to their places in the tree of a module."""

    def __init__(self, constants: Tensors):
        self.left = dict(constants)
        self.found: Tensors = {}

    def conv(self, name: str, source: str, *, depthwise: bool = False) -> None:
        """Kernel and bias of a convolution."""
        kernel = self.left.pop(f"{source}/Kernel")
        # [output, height, width, input] in the file; depthwise [1, height, width, channel].
        order = (1, 2, 0, 3) if depthwise else (1, 2, 3, 0)
        self.found[f"{name}/kernel"] = kernel.transpose(order)
        self.found[f"{name}/bias"] = self.left.pop(f"{source}/Bias")

    def slope(self, name: str, number: int) -> None:
        """Slopes of a PReLU."""
        self.found[f"{name}/slope"] = self.left.pop(f"p_re_lu_{number}/Alpha").reshape(-1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder that gets the .safetensors files")
    parser.add_argument("networks", type=Path, nargs="+", help="the .tflite files")
    arguments = parser.parse_args()
    for network in arguments.networks:
        convert(network, arguments.folder)


def convert(network: Path, folder: Path) -> None:
    """Writes the file of one network."""
    digest = file_sha256(network)
    if digest not in SOURCES:
        raise SystemExit(f"{network} has sha256 {digest}, must be one of {list(SOURCES)}")
    source = SOURCES[digest]
    places = Places(read_constants(network))
    source.move(places)
    if places.left:
        raise SystemExit(f"the network has tensors that no layer takes: {', '.join(places.left)}")
    path = folder / f"{source.name}.safetensors"
    write_network(
        unflatten_dict(places.found, sep="/"),
        path,
        source=f"{source.file} of mediapipe 0.10.21",
        source_sha256=digest,
        licence="Apache-2.0",
    )
    print(f"{path}: {len(places.found)} tensors")


def read_constants(path: Path) -> Tensors:
    """Reads the float16 tensors of a .tflite file by their names, such as `conv2d_1/Kernel`."""
    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    constants = {}
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        stored = model.Buffers(tensor.Buffer())
        if tensor.Type() == tflite.TensorType.FLOAT16 and stored.DataLength():
            values = np.frombuffer(stored.DataAsNumpy().tobytes(), np.float16)
            constants[tensor.Name().decode()] = values.reshape(tensor.ShapeAsNumpy())
    return constants


def move_mesh(places: Places) -> None:
    """Moves the tensors of the face mesh into the tree of `FaceMesh`."""

    def block(name: str, *, depthwise: int, pointwise: int, activation: int) -> None:
        places.conv(f"{name}/depthwise", f"depthwise_conv2d_{depthwise}", depthwise=True)
        places.conv(f"{name}/pointwise", f"conv2d_{pointwise}")
        places.slope(f"{name}/activation", activation)

    places.conv("stem_conv", "conv2d_1")
    places.slope("stem_activation", 1)
    for number in range(1, 18):
        name = f"block{number}" if number <= 14 else f"points_block{number - 14}"
        block(name, depthwise=number, pointwise=number + 1, activation=number + 1)
    places.conv("points_reduce", "conv2d_19")
    places.slope("points_reduce_activation", 19)
    block("points_block4", depthwise=18, pointwise=20, activation=20)
    places.conv("points_conv", "conv2d_21")
    block("presence_block1", depthwise=23, pointwise=28, activation=26)
    places.conv("presence_reduce", "conv2d_29")
    places.slope("presence_reduce_activation", 27)
    block("presence_block2", depthwise=24, pointwise=30, activation=28)
    places.conv("presence_conv", "conv2d_31")


def move_blazeface(places: Places) -> None:
    """Moves the tensors of the face detector into the tree of `BlazeFace`."""
    places.conv("stem_conv", "conv2d")
    for number in range(1, 17):
        depthwise = "depthwise_conv2d" if number == 1 else f"depthwise_conv2d_{number - 1}"
        places.conv(f"block{number}/depthwise", depthwise, depthwise=True)
        places.conv(f"block{number}/pointwise", f"conv2d_{number}")
    for name, stride in (("fine", 8), ("coarse", 16)):
        places.conv(f"{name}_logits", f"classificator_{stride}")
        places.conv(f"{name}_values", f"regressor_{stride}")


@dataclasses.dataclass(frozen=True)
class Source:
    """A .tflite file, what it becomes and how."""

    file: str
    name: str
    move: Callable[[Places], None]


SOURCES = {
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814": Source(
        "face_landmark.tflite", "face_mesh", move_mesh
    ),
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8": Source(
        "face_detection_short_range.tflite", "blazeface", move_blazeface
    ),
}


if __name__ == "__main__":
    main()
