"""What a heat map is worth: measured against the network, against known places, and by chance."""
