"""Optimizers, and the parametrizations of a picture that they work in."""
