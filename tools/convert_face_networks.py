"""Converts the face networks of MediaPipe from .tflite into the files that the package carries.

    pip install tflite
    python tools/convert_face_networks.py face_landmark.tflite gimefive_jax/assets/faces

Run once for each version of the networks; the package needs neither the .tflite file nor tflite.
The same file gives the same bytes. `face_landmark.tflite` is that of the Python package mediapipe
0.10.21, Apache-2.0; its checksum is compared.
"""

import argparse
from pathlib import Path

import numpy as np
import tflite
from flax.traverse_util import unflatten_dict
from jaxtyping import Float

from gimefive_jax.faces.network_files import write_network
from gimefive_jax.files import file_sha256

SOURCE = "face_landmark.tflite of mediapipe 0.10.21"
SOURCE_SHA256 = "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
Tensors = dict[str, Float[np.ndarray, "..."]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path, help="face_landmark.tflite")
    parser.add_argument("folder", type=Path, help="folder that gets face_mesh.safetensors")
    arguments = parser.parse_args()
    found = file_sha256(arguments.network)
    if found != SOURCE_SHA256:
        raise SystemExit(f"{arguments.network} has sha256 {found}, must be {SOURCE}'s")
    constants = read_constants(arguments.network)
    write_network(
        unflatten_dict(mesh_parameters(constants), sep="/"),
        arguments.folder / "face_mesh.safetensors",
        source=SOURCE,
        source_sha256=SOURCE_SHA256,
        licence="Apache-2.0",
    )
    print(f"{arguments.folder / 'face_mesh.safetensors'}: {len(constants)} tensors")


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


def mesh_parameters(constants: Tensors) -> Tensors:
    """Gives the tensors of the face mesh by their places in the tree of `FaceMesh`."""
    used = dict(constants)
    found: Tensors = {}

    def conv(name: str, source: str, *, depthwise: bool = False) -> None:
        kernel = used.pop(f"{source}/Kernel")
        # [output, height, width, input] in the file; depthwise [1, height, width, channel].
        order = (1, 2, 0, 3) if depthwise else (1, 2, 3, 0)
        found[f"{name}/kernel"] = kernel.transpose(order)
        found[f"{name}/bias"] = used.pop(f"{source}/Bias")

    def slope(name: str, number: int) -> None:
        found[f"{name}/slope"] = used.pop(f"p_re_lu_{number}/Alpha").reshape(-1)

    def block(name: str, *, depthwise: int, pointwise: int, activation: int) -> None:
        conv(f"{name}/depthwise", f"depthwise_conv2d_{depthwise}", depthwise=True)
        conv(f"{name}/pointwise", f"conv2d_{pointwise}")
        slope(f"{name}/activation", activation)

    conv("stem_conv", "conv2d_1")
    slope("stem_activation", 1)
    for number in range(1, 18):
        name = f"block{number}" if number <= 14 else f"points_block{number - 14}"
        block(name, depthwise=number, pointwise=number + 1, activation=number + 1)
    conv("points_reduce", "conv2d_19")
    slope("points_reduce_activation", 19)
    block("points_block4", depthwise=18, pointwise=20, activation=20)
    conv("points_conv", "conv2d_21")
    block("presence_block1", depthwise=23, pointwise=28, activation=26)
    conv("presence_reduce", "conv2d_29")
    slope("presence_reduce_activation", 27)
    block("presence_block2", depthwise=24, pointwise=30, activation=28)
    conv("presence_conv", "conv2d_31")
    if used:
        raise SystemExit(f"the network has tensors that no layer takes: {', '.join(used)}")
    return found


if __name__ == "__main__":
    main()
