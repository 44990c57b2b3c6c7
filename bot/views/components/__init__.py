"""Buttons, menus and forms, and how a press finds its handler."""
