"""What the commands of `inge connect` tell: procedures, confirmations and history, as JSON and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.connecting.abandoning import Idle
    from store.records_connection import Confirmation, Pair, Procedure, Product, Step


def looked_at(procedure: Procedure, product: Product, idle: Idle | None) -> dict[str, Any]:
    """Return what JSON tells of a procedure when it is looked at; how long it is idle until it is over."""
    nothing = {"idle_since": None, "idle_days": None, "ends_on": None}
    told = nothing if idle is None else idle.as_data()
    return {**procedure_data(procedure), "product": str(product), **told}


def procedure_data(procedure: Procedure) -> dict[str, Any]:
    """Return what JSON tells of a procedure."""
    return {
        "id": procedure.id,
        "kennung": procedure.kennung,
        "product_id": procedure.product_id,
        "state": str(procedure.state),
        "opened_at": procedure.opened_at.isoformat(),
        "ended_at": None if procedure.ended_at is None else procedure.ended_at.isoformat(),
        "scope": [list(pair) for pair in sorted(procedure.scope)],
    }


def confirmation_data(confirmation: Confirmation) -> dict[str, Any]:
    """Return what JSON tells of a confirmation."""
    return {
        "confirmation": confirmation.uuid,
        "kennung": confirmation.kennung,
        "maker": confirmation.maker,
        "product": confirmation.product,
        "product_version": confirmation.product_version,
        "state": str(confirmation.state),
        "confirmed_at": confirmation.confirmed_at.isoformat(),
        "confirmed_by": confirmation.confirmed_by,
        "import_until": confirmation.import_until.isoformat(),
        "scope": [list(pair) for pair in sorted(confirmation.scope)],
        "signed_with": confirmation.signer_fingerprint,
    }


def step_data(step: Step) -> dict[str, Any]:
    """Return what JSON tells of a row of history."""
    return {
        "step": step.step,
        "before": step.before,
        "after": step.after,
        "at": step.at.isoformat(),
        "actor": step.actor,
        "reason": step.reason,
        "facts": dict(step.facts),
    }


def history_table(steps: Sequence[Step]) -> str:
    """Lay out a history for people."""
    rows = [
        (f"{step.at:%Y-%m-%d %H:%M:%S}", step.actor, step.step, step.after, step.reason) for step in steps
    ]
    return table(["time (UTC)", "who", "step", "state", "reason"], rows)


def in_words(pairs: Iterable[Pair]) -> str:
    """Name message types with their versions."""
    return ", ".join(map(str, sorted(pairs))) or "nothing"
