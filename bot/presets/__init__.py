"""Presets: the built-in ones, drawn by our own code, and guilds' own."""
