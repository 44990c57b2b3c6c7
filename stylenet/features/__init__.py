"""VGG-19, exact and reduced, as a source of features by layer name."""
