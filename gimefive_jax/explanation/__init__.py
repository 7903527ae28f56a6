"""Heat maps and activations of any layer, for a batch or a whole split."""
