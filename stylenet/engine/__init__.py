"""The painting engine: plan, loop, objective, memory, devices and checkpoints."""
