"""What is held about a member: show, export, delete."""
