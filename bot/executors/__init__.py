"""Executors run jobs: one worker process per device; only workers import torch."""
