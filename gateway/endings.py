"""The end of a version of the standard, announced in the answers to the messages written in it."""

from datetime import date, timedelta

from messages.versionsende import Versionsende
from schemas.registry import Contract, SchemaRegistry


class Endings:
    """Says which end is near. `days` is how long before the last day that is announced."""

    def __init__(self, registry: SchemaRegistry, days: int) -> None:
        self._registry = registry
        self._days = days

    def of(self, contract: Contract, today: date) -> Versionsende | None:
        """Return the announcement for the sender of a message of this contract; None while no end is near."""
        last = contract.served_until
        if last is None or (last - today).days > self._days:
            return None
        after = last + timedelta(days=1)
        following = [
            each.version for each in self._registry.versions_of(contract.standard) if each.served(after)
        ]
        return Versionsende(contract.standard, contract.version, last, tuple(following))
