"""The identity provider's own keys: made here, self-signed, published before they are used, replaced without a gap.

A new certificate is inactive until it is activated, as in Entra; the one it replaces stays published until it is
removed. Keys lie in the state file, which only its owner may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from entrasim.refusals import UnknownName, WrongState
from entrasim.statefile import StateFile

LIFETIME = timedelta(days=3 * 365)
_SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "entrasim SSO certificate")])


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its certificate; `state` is inactive, active or retired. Both texts are PEM."""

    id: str
    state: str
    private_key: str
    certificate: str

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate taken apart."""
        return x509.load_pem_x509_certificate(self.certificate.encode())

    @property
    def expires(self) -> datetime:
        """When the certificate ends."""
        return self.parsed.not_valid_after_utc

    @property
    def thumbprint(self) -> str:
        """SHA-256 over the certificate, in hexadecimal."""
        return self.parsed.fingerprint(hashes.SHA256()).hex().upper()


def make_key(new_id: str, *, now: datetime, lifetime: timedelta = LIFETIME) -> SigningKey:
    """Make a key and its certificate; a negative lifetime makes one that has ended already."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    end = now + lifetime
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_SUBJECT)
        .issuer_name(_SUBJECT)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - timedelta(days=1))
        .not_valid_after(end)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey(new_id, "inactive", pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


def add_key(state: StateFile, key: SigningKey) -> SigningKey:
    """Publish a key; the first one is active at once."""
    with state.transaction():
        first = state.find("select 1 from signing_keys where state = 'active'") is None
        kept = SigningKey(key.id, "active" if first else "inactive", key.private_key, key.certificate)
        state.run(
            "insert into signing_keys values (?, ?, ?, ?)", (kept.id, kept.state, kept.private_key, kept.certificate)
        )
    return kept


def list_keys(state: StateFile) -> list[SigningKey]:
    """Return every published key: the active one first, then the newest."""
    order = "state <> 'active', rowid desc"
    rows = state.rows(f"select id, state, private_key, certificate from signing_keys order by {order}")  # noqa: S608
    return [SigningKey(*row) for row in rows]


def active_key(state: StateFile) -> SigningKey | None:
    """Return the key that signs, or None before the first was made."""
    row = state.find("select id, state, private_key, certificate from signing_keys where state = 'active'")
    return None if row is None else SigningKey(*row)


def activate_key(state: StateFile, key_id: str) -> None:
    """Sign with another key from now on; the former one stays published. Raises `UnknownName`."""
    with state.transaction():
        _known(state, key_id)
        state.run("update signing_keys set state = 'retired' where state = 'active' and id <> ?", (key_id,))
        state.run("update signing_keys set state = 'active' where id = ?", (key_id,))


def remove_key(state: StateFile, key_id: str) -> None:
    """Publish a key no longer. Raises `UnknownName`, and `WrongState` for the one that signs."""
    with state.transaction():
        if _known(state, key_id) == "active":
            raise WrongState("This certificate signs. Activate another one first.")
        state.run("delete from signing_keys where id = ?", (key_id,))


def _known(state: StateFile, key_id: str) -> str:
    found = state.find("select state from signing_keys where id = ?", (key_id,))
    if found is None:
        raise UnknownName(f"There is no certificate {key_id!r}.")
    return str(found[0])
