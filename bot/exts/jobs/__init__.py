"""What members do with their jobs: queue, cancel, repeat, gallery, the buttons below a result."""
