"""Every sentence a member reads."""
