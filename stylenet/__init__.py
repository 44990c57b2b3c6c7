"""Neural style transfer by optimization: pictures in, pictures out."""
