"""The algorithms of XML signatures by the URIs of their specifications."""

from enum import StrEnum


class SignatureMethod(StrEnum):
    """ds:SignatureMethod: what this product signs with and accepts (XMLDSig 1.1 §6.4, RFC 9231 §2.3)."""

    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    RSA_PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    RSA_PSS_SHA384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
    RSA_PSS_SHA512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"


RSA_PSS_WITH_PARAMETERS = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"
"""RSASSA-PSS with its hash in a child of ds:SignatureMethod (RFC 9231 §2.3.9); read, never written."""

MGF1 = "http://www.w3.org/2007/05/xmldsig-more#MGF1"
"""The one mask generation function of RSASSA-PSS (RFC 9231 §2.3.9)."""


class DigestMethod(StrEnum):
    """ds:DigestMethod (XMLDSig 1.1 §6.2)."""

    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


class CanonicalizationMethod(StrEnum):
    """ds:CanonicalizationMethod, also as ds:Transform (XMLDSig 1.1 §6.5); without comments only."""

    EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
    INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


class Transform(StrEnum):
    """ds:Transform that is no canonicalisation."""

    ENVELOPED_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    STR = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"
