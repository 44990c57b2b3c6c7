"""How the presets' pictures were drawn: one module per picture, all from noise and geometry.

Nothing here runs in the bot, which reads the finished pictures. ``python -m
bot.presets.drawing`` draws them again.
"""
