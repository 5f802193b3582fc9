"""Cases: what they are on a day, and how they become something else."""

from gateway.cases.state import ACTIVE, counting_right, inactive_since, lapses_on, last_day_of, state_on

__all__ = ["ACTIVE", "counting_right", "inactive_since", "lapses_on", "last_day_of", "state_on"]
