"""An ONNX model at work in onnxruntime."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gimefive_jax.errors import missing_extra


class OnnxSession:
    """Runs a model on the CPU.

    Args:
      model: A file, or its bytes.

    Raises:
      InputError: onnxruntime is missing.
    """

    def __init__(self, model: Path | bytes) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing_extra("running an ONNX file", "onnxruntime", "export") from error
        given = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])

    def __call__(self, faces: UInt8[np.ndarray, "face side side 3"]) -> dict[str, np.ndarray]:
        """Gives all outputs for some faces, by name."""
        names = [one.name for one in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, {"faces": faces}), strict=True))

    @property
    def metadata(self) -> dict[str, str]:
        """Words that the model carries, by name."""
        return dict(self._session.get_modelmeta().custom_metadata_map)
