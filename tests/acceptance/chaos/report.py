"""The figures of a run, as Markdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .ledger import Audit

__all__ = ["Report"]


@dataclass(kw_only=True)
class Report:
    """What was done, and the result.

    Attributes:
        seed: repeats the run's choices.
        disturbances: number of times by disturbance and aim.
        missed: of those, how often the instant did not come and it was done anyway.
        phases: jobs by the phase they were in when a bot was killed, over all kills.
        asked: requests posted, heard by a bot or not.
        audit: the comparison of database and channels.
        tracebacks: how many the bots have logged.
        seconds: duration of the run.
    """

    seed: int
    disturbances: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    audit: Audit = field(default_factory=Audit)
    tracebacks: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether everything is as it must be."""
        return not self.audit.complaints and not self.tracebacks

    def table(self) -> str:
        """Return the figures as Markdown, with the complaints."""
        audit = self.audit
        lines = ["| what | while | times | instant missed |", "|---|---|--:|--:|"]
        lines += [
            f"| {disturbance} | {aim} | {times} | {self.missed[disturbance, aim] or ''} |"
            for (disturbance, aim), times in sorted(self.disturbances.items())
        ]
        lines += ["", "| jobs when a bot was killed | |", "|---|--:|"]
        lines += [f"| {phase} | {times} |" for phase, times in self.phases.most_common()]
        lines += ["", "| in all | |", "|---|--:|"]
        lines += [
            f"| disturbances | {self.disturbances.total()} |",
            f"| requests posted | {self.asked} |",
            f"| jobs accepted | {audit.accepted} |",
            f"| pictures delivered exactly once | {audit.delivered} |",
            f"| doubled | {audit.doubled} |",
            f"| lost | {audit.lost} |",
            f"| tracebacks logged | {self.tracebacks} |",
            f"| seconds | {self.seconds:.0f} |",
            f"| seed | {self.seed} |",
        ]
        return "\n".join([*lines, *([""] if audit.complaints else []), *audit.complaints])
