"""The disclosure block (Auskunftssperre): from whom it hides where a person is, or was.

It hides every agency but one's own, every address, place and organiser; names, birth date, number and the
state of the case stay, since whoever asks by them knows them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from gateway.information.relation import Relation, joined, relation_of
from store.records import CaseRecord, RightRecord
from store.records_information import DisclosureBlock, Takeover
from store.unit import UnitOfWork

HIDDEN: Final = "[Auskunftssperre]"
"""What clerks and operators read instead of what is hidden."""
OTHER_AGENCY: Final = "eine andere Stelle"
"""What an agency reads instead of the name of another."""
PLACES: Final = frozenset(
    {
        "anschrift", "address", "geburtsort", "geburtsortbezirk", "birthplace", "azr_nummer", "azr_number",
        "organiser", "site", "course_no", "course",
    }
)  # fmt: skip
"""Fields that tell a place, or lead to one."""
AGENCIES: Final = frozenset(
    {"agency", "agency_name", "party", "party_id", "party_name", "kept_party", "peer", "signer_fingerprint"}
)
"""Fields that tell an agency."""
_MAY_SEE: Final = frozenset({Relation.OWN, Relation.TAKEN_OVER})


def hidden_from(relation: Relation, block: DisclosureBlock | None, agency: str) -> bool:
    """Tell whether a block hides a case from an agency.

    In: what the agency has to do with the case, the block of its person if there is one, the agency's key.
    Who issued or took over the right that counts needs the data for its work; who reported the block first
    could see them before.
    """
    return block is not None and relation not in _MAY_SEE and agency not in block.agencies


def hidden_to(
    block: DisclosureBlock | None,
    right: RightRecord,
    takeovers: Iterable[Takeover],
    agency: str,
    relation: Relation,
) -> bool:
    """Tell whether a block hides a case from an agency, in view of when the agency joined it.

    In: the right that counts, the takeovers of the case, what the agency has to do with it. Who joined the
    obligation under the block does not see what it hides: a takeover is no way around it.
    """
    if block is None or agency in block.agencies:
        return False
    under_block = any(
        each.agency == agency and each.taken_on >= block.since for each in joined(right, takeovers)
    )
    return under_block or hidden_from(relation, block, agency)


def hides(work: UnitOfWork, case: CaseRecord, right: RightRecord, agency: str) -> bool:
    """Tell whether a case is hidden from an agency, on the state that is locked. Asks the store."""
    if right.agency == agency:
        return False
    block = work.block_of([case.person_id])
    if block is None:
        return False
    takeovers = work.takeovers_of([case.id])
    return hidden_to(block, right, takeovers, agency, relation_of(case, right, takeovers, agency))


def refusal_details(right: RightRecord, *, hidden: bool) -> dict[str, str]:
    """Return what fills the text of a refusal because of a right: its agency, unless that is hidden."""
    return {"agency": OTHER_AGENCY if hidden else right.agency_name}


def concealed(data: Any, agencies: Collection[str] = frozenset()) -> Any:
    """Return JSON-able data as clerks and operators may see them of a blocked person.

    In: data of any depth; keys and names of agencies, which are hidden wherever they stand.
    """
    if isinstance(data, Mapping):
        return {
            name: HIDDEN
            if name in PLACES | AGENCIES and value not in (None, "", (), [], {})
            else concealed(value, agencies)
            for name, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [concealed(each, agencies) for each in data]
    return HIDDEN if isinstance(data, str) and data in agencies else data
