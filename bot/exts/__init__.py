"""What members type, press and react to: one extension per area."""
