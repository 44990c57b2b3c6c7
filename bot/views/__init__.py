"""Cards, buttons and pickers, and every sentence a member reads."""
