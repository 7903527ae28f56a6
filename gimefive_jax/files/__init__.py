"""Files and folders that appear whole or not at all; devices and pipes are written as they are."""

from gimefive_jax.files.digests import file_sha256
from gimefive_jax.files.folders import (
    check_replaceable,
    exchange_folder,
    replacing_folder,
    resting_place,
)
from gimefive_jax.files.locks import in_turn, only_one
from gimefive_jax.files.replacing import replacing, replacing_text, write_json, write_text
from gimefive_jax.files.streams import is_descriptor

__all__ = [
    "check_replaceable",
    "exchange_folder",
    "file_sha256",
    "in_turn",
    "is_descriptor",
    "only_one",
    "replacing",
    "replacing_folder",
    "replacing_text",
    "resting_place",
    "write_json",
    "write_text",
]
