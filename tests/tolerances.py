"""Every tolerance of the suite, with its reason."""

# max|a-b| / max|b| of float32 tensors computed in another order: a few rounding errors of 6e-8
# through ten layers.
RELATIVE = 1e-5

# The same program on a differently padded or sharded batch: XLA may block its sums differently.
SAME_PROGRAM = 1e-6
