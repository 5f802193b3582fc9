"""The frames of our answers: each group of the standard has its own, made from the frame that is answered."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from messages.frame import Fachrahmen, Rahmen
from messages.group08 import AnsprechpartnerTGS, RahmenTGS
from messages.values import Ansprechpartner

Frame = Callable[[Any, Ansprechpartner | None], Mapping[str, Any]]
"""Fields of the answer's frame beyond the common ones. In: the frame asked by, whom to call about it."""


def answering(asked: Fachrahmen, contact: Ansprechpartner | None, common: Mapping[str, Any]) -> Fachrahmen:
    """Return the frame of an answer, of the same group and version as the frame that is answered.

    In: whom the sender may call, the fields that the frames of all groups share. Raises LookupError for a
    group that no line is about.
    """
    kind = type(asked)
    further = _FRAMES.get(kind)
    if further is None:
        raise LookupError(f"no answer has the frame {kind.__name__}")
    return kind(**common, **further(asked, contact), version=asked.version)


def _group07(asked: Rahmen, contact: Ansprechpartner | None) -> Mapping[str, Any]:
    return {"ansprechpartner": contact, "ihr_zeichen": asked.ihr_zeichen}


def _group08(asked: RahmenTGS, contact: Ansprechpartner | None) -> Mapping[str, Any]:
    return {
        "ansprechpartner": None
        if contact is None
        else AnsprechpartnerTGS(
            familienname=contact.familienname, vorname=contact.vorname, kontaktdaten=contact.kontaktdaten
        ),
        "geschaeftszeichen": asked.geschaeftszeichen,
    }


_FRAMES: Final[Mapping[type[Fachrahmen], Frame]] = {Rahmen: _group07, RahmenTGS: _group08}
