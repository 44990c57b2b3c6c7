"""The service: a Discord bot that repaints a member's picture in the style of another."""
