"""Functions of JAX arrays as ONNX files: a jaxpr, equation by equation, to nodes."""

from gimefive_jax.interop.onnx.conversion import to_onnx
from gimefive_jax.interop.onnx.running import OnnxSession

__all__ = ["OnnxSession", "to_onnx"]
