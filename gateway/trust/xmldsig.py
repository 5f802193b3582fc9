"""Proving an XML signature (XMLDSig 1.1), as far as a strict profile of it goes.

`read_signature` takes the structure apart and holds it to the policy; nothing is computed before it is known
to be allowed. `verify_signature` then holds value and digests against the octets and gives back, per
reference, the octets that were digested. Which parts must be signed, and by whose certificate, is for the
caller to say.
"""

import copy
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.trust import names
from gateway.trust.algorithms import (
    MGF1,
    RSA_PSS_WITH_PARAMETERS,
    CanonicalizationMethod,
    DigestMethod,
    SignatureMethod,
    Transform,
)
from gateway.trust.canonical import Canonicalization, canonical_octets, holds_comment, holds_instruction
from gateway.trust.identifiers import has_one_id
from gateway.trust.policy import REFUSED_ALGORITHMS, SETTINGS, SignaturePolicy
from gateway.trust.signature_keys import CertificateKey, decode_base64
from gateway.trust.token_transform import token_octets
from messages.errors import GatewayError

_HASHES: Final = {
    DigestMethod.SHA256: hashlib.sha256,
    DigestMethod.SHA384: hashlib.sha384,
    DigestMethod.SHA512: hashlib.sha512,
}
_PSS_OF_DIGEST: Final = {
    DigestMethod.SHA256: SignatureMethod.RSA_PSS_SHA256,
    DigestMethod.SHA384: SignatureMethod.RSA_PSS_SHA384,
    DigestMethod.SHA512: SignatureMethod.RSA_PSS_SHA512,
}
_DIGEST_OCTETS: Final = {DigestMethod.SHA256: 32, DigestMethod.SHA384: 48, DigestMethod.SHA512: 64}
_CANONICALIZATIONS: Final = {method.value: method for method in CanonicalizationMethod}
_SIGNATURE_METHODS: Final = {method.value: method for method in SignatureMethod}
_DIGEST_METHODS: Final = {method.value: method for method in DigestMethod}
_MAX_VALUE_TEXT: Final = 4096
_MANIFEST: Final = f"{names.DS_NS}Manifest"
_LABELS: Final = {
    f"{{{names.SOAP11_NS}}}Body": "soap:Body",
    f"{{{names.SOAP12_NS}}}Body": "soap:Body",
    names.WSU_TIMESTAMP: "wsu:Timestamp",
    names.WSSE_BINARY_SECURITY_TOKEN: "wsse:BinarySecurityToken",
    names.WSSE_USERNAME_TOKEN: "wsse:UsernameToken",
    names.WSSE_SECURITY_TOKEN_REFERENCE: "wsse:SecurityTokenReference",
    f"{{{names.DS_NS}}}Object": "ds:Object",
    f"{{{names.DS_NS}}}KeyValue": "ds:KeyValue",
    f"{{{names.DS_NS}}}Manifest": "ds:Manifest",
    names.DS_SIGNED_INFO: "ds:SignedInfo",
    names.DS_KEY_INFO: "ds:KeyInfo",
    names.DS_SIGNATURE: "ds:Signature",
    names.DS_X509_DATA: "ds:X509Data",
}


def label(tag: object) -> str:
    """Return the usual name of a well-known element, "*" for others: what a stranger wrote is not echoed."""
    return _LABELS.get(str(tag), "*")


@dataclass(frozen=True, slots=True)
class SignedReference:
    """One ds:Reference within the policy, its element found."""

    element: etree._Element
    canonicalization: Canonicalization
    digest_method: DigestMethod
    digest: bytes
    through_token: bool
    """The element is a SecurityTokenReference and the token it means is digested (STR-Transform)."""
    around: etree._Element | None = None
    """The signature inside the element, which is left out of what is digested."""


@dataclass(frozen=True, slots=True)
class ReadSignature:
    """The structure of a ds:Signature within the policy. Nothing of it is proven."""

    signed_info: etree._Element
    canonicalization: Canonicalization
    method: SignatureMethod
    value: bytes
    references: tuple[SignedReference, ...]
    key_info: etree._Element | None


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part of the document that is proven, with the octets that were digested for it."""

    element: etree._Element
    octets: bytes


def read_signature(
    signature: etree._Element,
    ids: Mapping[str, etree._Element],
    policy: SignaturePolicy,
    whole: etree._Element | None = None,
) -> ReadSignature:
    """Take a ds:Signature apart (XMLDSig 1.1 §4) and hold it to the policy, without any computation.

    In: the element in its document, the ids of that document (`index_ids`), the policy; for a signature that
    stands inside what it signs the root of the document, which an empty URI then means (§4.4.3.2).
    Raises GatewayError: T011.structure, T011.algorithm, T011.canonicalization, T011.transform,
    T011.reference-count, T011.reference, T011.external-reference, T011.missing-id, T011.ambiguous-id.
    """
    parts = _children(signature)
    tags = [part.tag for part in parts]
    if tags[:2] != [names.DS_SIGNED_INFO, names.DS_SIGNATURE_VALUE]:
        raise _structure("ds:Signature")
    key_info = parts[2] if tags[2:3] == [names.DS_KEY_INFO] else None
    surplus = tags[2 if key_info is None else 3 :]
    if surplus:
        found = f"ds:Signature/{label(surplus[0])}"
        if surplus[0] == names.WSSE_SECURITY_TOKEN_REFERENCE:
            found += f" ({SETTINGS['key_outside']})"
        raise _structure(found)
    signed_info, value = parts[:2]
    fields = _children(signed_info)
    if [field.tag for field in fields[:2]] != [names.DS_CANONICALIZATION_METHOD, names.DS_SIGNATURE_METHOD]:
        raise _structure("ds:SignedInfo")
    canonicalization = _read_canonicalization(fields[0], policy, "T011.canonicalization", "canonicalization")
    method = _read_signature_method(fields[1], policy)
    if len(fields) == 2:
        raise _structure("ds:SignedInfo, 0 ds:Reference")
    if len(fields) - 2 > policy.max_references:
        raise GatewayError(
            "T011.reference-count",
            details={"found": str(len(fields) - 2), "limit": str(policy.max_references)},
        )
    inside = None if whole is None else (whole, signature)
    references = tuple(
        _read_reference(reference, position, ids, policy, inside)
        for position, reference in enumerate(fields[2:], 1)
    )
    return ReadSignature(
        signed_info,
        canonicalization,
        method,
        decode_base64(_leaf_text(value, "ds:SignatureValue"), "T011.structure", found="ds:SignatureValue"),
        references,
        key_info,
    )


def verify_signature(
    signature: ReadSignature,
    key: CertificateKey,
    ids: Mapping[str, etree._Element],
    policy: SignaturePolicy,
) -> tuple[SignedPart, ...]:
    """Prove a signature (XMLDSig 1.1 §3.2), value first, and return the proven parts in their order.

    Raises GatewayError: T010.weak-key or T003.key-type for the key, T011.signature-value, T011.der-ecdsa or
    T011.algorithm for the value, T011.digest for a changed part, X001.comment and X001.processing-instruction
    for parts a reader could see differently from a signer, T011.structure.
    """
    key.check(policy)
    octets = _octets(signature.signed_info, signature.canonicalization)
    if holds_comment(octets) or holds_instruction(octets):
        raise _structure("ds:SignedInfo, comment")
    key.verify(signature.method, signature.value, octets)
    return tuple(_verify_reference(reference, ids) for reference in signature.references)


def _verify_reference(reference: SignedReference, ids: Mapping[str, etree._Element]) -> SignedPart:
    element = reference.element
    if reference.through_token:
        octets = token_octets(element, ids, reference.canonicalization)
    else:
        octets = _octets(_left_out(element, reference.around), reference.canonicalization)
    if holds_comment(octets):
        raise GatewayError("X001.comment", path=f"//{label(element.tag)}")
    if holds_instruction(octets):
        raise GatewayError("X001.processing-instruction", path=f"//{label(element.tag)}")
    if not hmac.compare_digest(_HASHES[reference.digest_method](octets).digest(), reference.digest):
        raise GatewayError("T011.digest", details={"part": label(element.tag)})
    return SignedPart(element, octets)


def _left_out(element: etree._Element, signature: etree._Element | None) -> etree._Element:
    """Return the element, or a copy without the signature in it (enveloped-signature, XMLDSig 1.1 §6.6.4)."""
    if signature is None:
        return element
    place = element.index(signature)
    rest = copy.deepcopy(element)
    left_out = rest[place]
    # Text after the signature belongs to the document.
    before = left_out.getprevious()
    if before is None:
        rest.text = (rest.text or "") + (left_out.tail or "")
    else:
        before.tail = (before.tail or "") + (left_out.tail or "")
    left_out.tail = None
    rest.remove(left_out)
    return rest


def _octets(element: etree._Element, how: Canonicalization) -> bytes:
    try:
        return canonical_octets(element, how)
    except ValueError:
        raise _structure(f"{label(element.tag)}, C14N") from None


def _read_reference(
    reference: etree._Element,
    position: int,
    ids: Mapping[str, etree._Element],
    policy: SignaturePolicy,
    inside: tuple[etree._Element, etree._Element] | None,
) -> SignedReference:
    place = f"ds:Reference[{position}]"
    if reference.tag != names.DS_REFERENCE or reference.get("Type") == _MANIFEST:
        raise _structure(f"ds:SignedInfo/{place}")
    fields = _children(reference)
    if [field.tag for field in fields] != [
        names.DS_TRANSFORMS,
        names.DS_DIGEST_METHOD,
        names.DS_DIGEST_VALUE,
    ]:
        raise _structure(place)
    digest_method = _read_digest_method(fields[1], policy)
    enveloped, through_token, canonicalization = _read_transforms(fields[0], policy)
    digest = decode_base64(_leaf_text(fields[2], "ds:DigestValue"), "T011.structure", found="ds:DigestValue")
    if len(digest) != _DIGEST_OCTETS[digest_method]:
        raise _structure(f"{place}/ds:DigestValue")
    whole, signature = inside or (None, None)
    uri = reference.get("URI")
    element = whole if uri == "" and whole is not None else _target(uri, place, ids)
    around = signature if enveloped and element is whole else None
    if enveloped and around is None and next(element.iter(names.DS_SIGNATURE), None) is not None:
        raise _transform_refused(Transform.ENVELOPED_SIGNATURE)
    if through_token and element.tag != names.WSSE_SECURITY_TOKEN_REFERENCE:
        raise _refused("T011.transform", Transform.STR, "str_transform")
    return SignedReference(element, canonicalization, digest_method, digest, through_token, around)


def _target(uri: str | None, place: str, ids: Mapping[str, etree._Element]) -> etree._Element:
    if not uri or uri == "#":
        raise GatewayError("T011.reference", details={"reference": f"{place}, URI=''"})
    if not uri.startswith("#"):
        raise GatewayError("T011.external-reference", path=place)
    if uri.startswith("#xpointer("):
        raise GatewayError("T011.reference", details={"reference": f"{place}, xpointer"})
    element = ids.get(uri[1:])
    if element is None:
        raise GatewayError("T011.missing-id", details={"id": f"{place}/@URI"})
    if not has_one_id(element):
        raise GatewayError("T011.ambiguous-id", path=place)
    return element


def _read_transforms(
    transforms: etree._Element, policy: SignaturePolicy
) -> tuple[bool, bool, Canonicalization]:
    """Return whether enveloped-signature and STR-Transform are asked for, and the canonicalisation.

    Accepted are a canonicalisation alone, one after enveloped-signature, and STR-Transform alone.
    """
    steps = _children(transforms)
    if not steps or any(step.tag != names.DS_TRANSFORM for step in steps):
        raise _structure("ds:Transforms")
    enveloped = steps[0].get("Algorithm") == Transform.ENVELOPED_SIGNATURE
    if enveloped:
        if len(steps[0]):
            raise _structure("ds:Transform")
        steps = steps[1:]
    if len(steps) != 1:
        raise _transform_refused(steps[1].get("Algorithm") if steps else Transform.ENVELOPED_SIGNATURE)
    (step,) = steps
    if step.get("Algorithm") == Transform.STR and policy.str_transform and not enveloped:
        return False, True, _read_token_parameters(step, policy)
    if step.get("Algorithm") == Transform.STR:
        raise _refused("T011.transform", Transform.STR, "str_transform")
    return enveloped, False, _read_canonicalization(step, policy, "T011.transform", "transform")


def _read_token_parameters(step: etree._Element, policy: SignaturePolicy) -> Canonicalization:
    """Return the canonicalisation named in wsse:TransformationParameters (WS-Security 1.1 §8.3)."""
    parameters = _children(step)
    if len(parameters) != 1 or parameters[0].tag != names.WSSE_TRANSFORMATION_PARAMETERS:
        raise _structure("wsse:TransformationParameters")
    methods = _children(parameters[0])
    if len(methods) != 1 or methods[0].tag != names.DS_CANONICALIZATION_METHOD:
        raise _structure("wsse:TransformationParameters")
    how = _read_canonicalization(methods[0], policy, "T011.canonicalization", "canonicalization")
    if how.method is not CanonicalizationMethod.EXCLUSIVE:
        raise _refused("T011.canonicalization", how.method, "canonicalization")
    return how


def _read_canonicalization(
    element: etree._Element, policy: SignaturePolicy, code: str, setting: str
) -> Canonicalization:
    uri = element.get("Algorithm")
    method = _CANONICALIZATIONS.get(uri or "")
    if method is None or method not in policy.canonicalizations:
        raise _refused(code, uri, setting)
    parameters = _children(element)
    if not parameters:
        return Canonicalization(method)
    if (
        method is not CanonicalizationMethod.EXCLUSIVE
        or len(parameters) > 1
        or parameters[0].tag != names.EC_INCLUSIVE_NAMESPACES
        or len(parameters[0])
    ):
        raise _structure("ec:InclusiveNamespaces")
    prefixes = tuple((parameters[0].get("PrefixList") or "").split())
    if len(prefixes) > policy.max_prefixes:
        raise _structure("ec:InclusiveNamespaces")
    return Canonicalization(method, prefixes)


def _read_signature_method(element: etree._Element, policy: SignaturePolicy) -> SignatureMethod:
    uri = element.get("Algorithm")
    if uri == RSA_PSS_WITH_PARAMETERS:
        method: SignatureMethod | None = _read_pss(element, policy)
    else:
        method = _SIGNATURE_METHODS.get(uri or "")
        if method is not None and len(element):
            raise _structure("ds:SignatureMethod")
    if method is None or method not in policy.signature_methods:
        raise _refused("T011.algorithm", uri, "both")
    return method


def _read_pss(element: etree._Element, policy: SignaturePolicy) -> SignatureMethod:
    """Return the method meant by pss:RSAPSSParams (RFC 9231 §2.3.9), if it is one of the fixed sets.

    One hash for digest and mask, salt as long as the hash, trailer 1; absent fields mean SHA-256 and these.
    """
    digest = mask_digest = DigestMethod.SHA256
    containers = _children(element)
    if len(containers) > 1 or any(part.tag != f"{{{names.PSS_NS}}}RSAPSSParams" for part in containers):
        raise _structure("ds:SignatureMethod")
    fields = _children(containers[0]) if containers else []
    by_tag = {str(field.tag): field for field in fields}
    if len(by_tag) != len(fields):
        raise _structure("pss:RSAPSSParams")
    if (field := by_tag.pop(names.DS_DIGEST_METHOD, None)) is not None:
        digest = _read_digest_method(field, policy)
    if (field := by_tag.pop(f"{{{names.PSS_NS}}}MaskGenerationFunction", None)) is not None:
        if field.get("Algorithm") != MGF1:
            raise _refused("T011.algorithm", None, "both")
        inner = _children(field)
        if len(inner) > 1 or any(part.tag != names.DS_DIGEST_METHOD for part in inner):
            raise _structure("pss:MaskGenerationFunction")
        mask_digest = _read_digest_method(inner[0], policy) if inner else mask_digest
    salt = by_tag.pop(f"{{{names.PSS_NS}}}SaltLength", None)
    trailer = by_tag.pop(f"{{{names.PSS_NS}}}TrailerField", None)
    if by_tag:
        raise _structure("pss:RSAPSSParams")
    if (
        digest is not mask_digest
        or (salt is not None and (salt.text or "").strip() != str(_DIGEST_OCTETS[digest]))
        or (trailer is not None and (trailer.text or "").strip() != "1")
    ):
        raise _refused("T011.algorithm", RSA_PSS_WITH_PARAMETERS, "both")
    return _PSS_OF_DIGEST[digest]


def _read_digest_method(element: etree._Element, policy: SignaturePolicy) -> DigestMethod:
    uri = element.get("Algorithm")
    method = _DIGEST_METHODS.get(uri or "")
    if method is None or method not in policy.digest_methods:
        raise _refused("T011.algorithm", uri, "digest")
    if len(element):
        raise _structure("ds:DigestMethod")
    return method


def _children(element: etree._Element) -> list[etree._Element]:
    # A comment counts as a child and fits nowhere: inside a signature nobody writes one.
    return list(element)


def _leaf_text(element: etree._Element, name: str) -> str | None:
    if len(element) or len(element.text or "") > _MAX_VALUE_TEXT:
        raise _structure(name)
    return element.text


def _structure(found: str) -> GatewayError:
    return GatewayError("T011.structure", details={"found": found})


def _transform_refused(uri: str | None) -> GatewayError:
    return _refused("T011.transform", uri, "transform")


_ACCEPTED_URIS: Final = frozenset(
    [*SignatureMethod, *DigestMethod, *CanonicalizationMethod, *Transform, RSA_PSS_WITH_PARAMETERS]
)


def _refused(code: str, uri: str | None, setting: str) -> GatewayError:
    """Name a known algorithm with the written reason; of an unknown one only that it is unknown."""
    known = REFUSED_ALGORITHMS.get(uri or "")
    if known is not None:
        name, reason = known.name, known.reason
    elif uri in _ACCEPTED_URIS:
        name, reason = str(uri).rpartition("#")[2], "this policy does not list it"
    else:
        name, reason = "?", "only algorithms listed by URI are known here"
    return GatewayError(code, details={"algorithm": name, "setting": SETTINGS[setting], "reason": reason})
