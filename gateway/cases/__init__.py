"""Cases: what they are on a day, and how they become something else."""

from gateway.cases.state import ACTIVE, counting_right, lapses_on, state_on

__all__ = ["ACTIVE", "counting_right", "lapses_on", "state_on"]
