"""The scheduler: claims, runs, recovers and cleans up jobs, and estimates when they are done."""
