"""Buttons, menus and forms, and the custom_ids by which a press finds its handler."""
