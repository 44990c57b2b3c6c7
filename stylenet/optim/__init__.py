"""Methods of minimising, and the coordinates they work in."""
