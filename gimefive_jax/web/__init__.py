"""A page that explains faces in a browser by itself: its files, and what it is told."""
