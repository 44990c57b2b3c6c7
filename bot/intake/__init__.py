"""Turn attachments into validated pictures and accepted jobs, or refuse with a reason."""
