"""Weights between files of others and our trees: torch state dicts and safetensors."""

from gimefive_jax.interop.files import read_weights, write_weights
from gimefive_jax.interop.safetensors_file import Precision
from gimefive_jax.interop.shipped import find_weight_file
from gimefive_jax.interop.state_dict import check_weights
from gimefive_jax.interop.weights import WEIGHT_SUFFIXES, Weights, is_weight_file

__all__ = [
    "WEIGHT_SUFFIXES",
    "Precision",
    "Weights",
    "check_weights",
    "find_weight_file",
    "is_weight_file",
    "read_weights",
    "write_weights",
]
