"""The painting itself: plan, loop, checkpoints, devices."""
