"""Draw the built-in presets' style pictures from noise and geometry, one module per picture.

The bot does not import this package; it reads the finished pictures. ``python -m
bot.presets.drawing`` draws them.
"""
