"""``python -m bot``, with workers that sleep instead of painting: they start in no time."""

from __future__ import annotations

import sys

from bot.__main__ import main
from bot.executors import worker_process

if __name__ == "__main__":
    worker_process.WORKER_MODULE = "tests.acceptance.sleeping_worker"
    sys.exit(main())
