"""From a message to validated pictures, or a polite refusal."""
