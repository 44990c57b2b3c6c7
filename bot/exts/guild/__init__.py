"""What a guild's managers decide: settings and the guild's own presets."""
