"""Where jobs run: one worker process per device, torch in it and nowhere else."""
