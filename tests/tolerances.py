"""Every tolerance of the suite, with its reason."""

# max|a-b| / max|b| of float32 tensors computed in another order: a few rounding errors of 6e-8
# through ten layers.
RELATIVE = 1e-5

# The same program on a differently padded or sharded batch: XLA may block its sums differently.
SAME_PROGRAM = 1e-6

# Gradients of float32 through batch norm in training mode: its backward pass takes the mean and
# the part along the activation out of the gradient, which leaves the small difference of large
# numbers, once per norm and up to 36 times. In float64 the same tensors agree within RELATIVE.
TRAINING_GRADIENT = 5e-5

# A formula of a few float32 operations on values near 1, in another library: XLA may multiply by
# a reciprocal where torch divides.
SAME_FORMULA = 1e-6

# RELATIVE in float64: rounding errors of 1e-16 through sums of some thousand terms.
DOUBLE = 1e-13

# Grey of a moved face computed in another batch or sharding: its coordinates, up to 32 pixels from
# the centre, are rounded to 4e-6 pixels, and grey changes by at most 1 from pixel to pixel.
MOVED_FACE = 1e-5

# Cosine between what four steps moved in bfloat16 and in float32. bfloat16 keeps 8 bits, and batch
# norm divides by what these leave of small differences.
BFLOAT16_ALIGNMENT = 0.98

# Coordinates up to 192 and logits up to 30 of the face mesh in another library: rounding errors of
# 6e-8 of them through twenty layers.
SAME_NETWORK = 1e-3

# Pixels of landmarks after a second look, whose square follows from the first one's points: it
# turns and grows with their rounding, and one of its 192 pixels is one or two of the image.
SAME_LANDMARKS = 1e-2

# Pixels from 0 to 1 that an iterative solver filled: it stops where its estimate of the error falls
# below 3e-5, which may be a few times too small across a hole of nearly the whole face.
IMPUTATION = 2e-4

# A map of another library, over its own maximum: gradients go through ten layers in another order
# of sums, and a weight for a channel is the small difference of two scores.
OTHER_LIBRARY = 1e-4

# Share of a map's mass where hiding a part of the face changes nothing: the difference of two
# scores of the same face in another place of the batch is rounding, 1e-7 of a score, over some
# hundred places of a patch.
HIDDEN_IN_VAIN = 1e-4

# Shares of regions of landmarks that went from the crop to the image and back: a pixel of 32 x 32
# whose centre lies within rounding of a region's border may change sides.
SAME_PIXEL_MASKS = 2e-3

# The same program, compiled in this process or read from the cache of compiled programs: LLVM may
# contract other sums. Values up to some hundred pixels, in float32.
SAME_PROGRAM_LOADED = 1e-3

# Mean difference of frames that were encoded from pictures which differ by rounding.
GREY_LEVELS = 0.2

# Sums of some hundred float64 numbers in another order.
EXACT_METRICS = 1e-9

# Mean difference in grey levels from PIL, which computes in whole numbers: of values that are
# quotients of small numbers some lie near a half, and may be rounded the other way.
ROUNDED_OTHERWISE = 0.05
