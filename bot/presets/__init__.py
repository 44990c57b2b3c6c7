"""Built-in styles, drawn by our own code."""
