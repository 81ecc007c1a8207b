"""The single mint. No other module builds a token response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authserver.access.catalog import ResourceCatalog, Snapshot
from authserver.clients.directory import Client
from authserver.crypto.handles import Handles, Kind
from authserver.crypto.macs import Macs
from authserver.issuing import protection
from authserver.issuing.answers import Answers
from authserver.issuing.authorization import Authorization, TokenSet
from authserver.issuing.protection import ID_TOKEN
from authserver.protocol import validity
from authserver.protocol.algorithms import NONE
from authserver.protocol.errors import InvalidRequest, ServerError, UnauthorizedClient
from authserver.protocol.exchange import JWT
from authserver.protocol.identifiers import new_id
from authserver.protocol.policy import IMPLICIT
from authserver.signing.keyring import Keyring, NoActiveKey
from authserver.signing.keys import SigningKey
from authserver.storage.frozen import frozen
from authserver.storage.models.grants import AccessToken
from authserver.storage.unit import Unit
from authserver.tokens import access_tokens, id_tokens, jose
from authserver.tokens.confirmation import token_type


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tokens whose rows are stored and whose signatures are still to be made."""

    authorization: Authorization
    jti: str
    issued_at: int
    expires_in: int
    access_key: SigningKey | None
    id_token: protection.Prepared | None
    claims: Mapping[str, Any]
    opaque: str | None


class Mint:
    """Turns an Authorization into tokens: `prepare` stores inside the transaction, `finish` signs after it."""

    def __init__(
        self,
        issuer: str,
        keyring: Keyring,
        handles: Handles,
        macs: Macs,
        catalog: ResourceCatalog,
        *,
        answers: Answers,
    ) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._protector = answers.protector
        self._subjects = answers.subjects
        self._handles = handles
        self._macs = macs
        self._catalog = catalog

    def needs_row(self, authorization: Authorization) -> bool:
        """Whether the access token is opaque and so must be stored."""
        return self._is_opaque(authorization, self._catalog.current())

    def check_readable(self, client: Client) -> None:
        """See that the client can read the ID tokens it registered for; asked before anything is consumed.

        Raises:
            InvalidRequest: it wants them encrypted and has published no key.
        """
        self._protector.check_readable(client, ID_TOKEN)

    def prepare(self, unit: Unit | None, authorization: Authorization) -> Prepared:
        """Decide format, lifetime, claims and keys, and store what has a row. `unit` may be None where nothing has.

        Raises:
            ServerError: no key signs with the algorithm that is wanted; said before anything is consumed for good.
        """
        snapshot = self._catalog.current()
        issued_at, jti = validity.timestamp(), new_id()
        expires_in = self._lifetime(authorization, snapshot, issued_at)
        claims = self._access_claims(authorization, jti, issued_at, expires_in)
        opaque = None
        is_opaque = authorization.with_access_token and self._is_opaque(authorization, snapshot)
        if is_opaque:
            if unit is None:
                raise AssertionError("an opaque token needs a transaction")
            _check_form(authorization)
            opaque = self._store(unit, authorization, claims)
        signs_access = authorization.with_access_token and not is_opaque
        access_key = self._key(self._algorithm(authorization, snapshot)) if signs_access else None
        id_token = self._protection(authorization) if authorization.with_id_token else None
        return Prepared(authorization, jti, issued_at, expires_in, access_key, id_token, claims, opaque)

    def finish(self, prepared: Prepared) -> TokenSet:
        """Sign what is to be signed."""
        authorization = prepared.authorization
        access_token = self._access_token(prepared)
        return TokenSet(
            access_token=access_token,
            expires_in=prepared.expires_in,
            scope=" ".join(sorted(authorization.scopes)),
            jti=prepared.jti,
            refresh_token=authorization.refresh_token,
            id_token=self._id_token(prepared, access_token, prepared.id_token) if prepared.id_token else None,
            token_type=token_type(authorization.cnf),
            issued_token_type=authorization.issued_token_type,
            authorization_details=authorization.authorization_details,
        )

    def _access_token(self, prepared: Prepared) -> str:
        if prepared.access_key is None:
            return prepared.opaque or ""
        return jose.sign(prepared.claims, prepared.access_key, access_tokens.TYPE)

    def _key(self, algorithm: str) -> SigningKey:
        try:
            return self._keyring.active(algorithm)
        except NoActiveKey as error:
            raise ServerError(
                "The server cannot sign tokens for this application.",
                reason="no_signing_key",
                setting=f"keys generate --alg {algorithm}",
            ) from error

    def _access_claims(self, authorization: Authorization, jti: str, issued_at: int, expires_in: int) -> dict[str, Any]:
        claims = access_tokens.build(
            issuer=self._issuer,
            subject=self._subject(authorization) or authorization.client.id,
            audience=authorization.audience,
            client_id=authorization.client.id,
            scopes=authorization.scopes,
            jti=jti,
            issued_at=issued_at,
            expires_in=expires_in,
            grant_id=authorization.grant_id,
            sid=self._sid(authorization),
            auth_time=validity.epoch(authorization.auth_time) if authorization.auth_time else None,
            acr=authorization.acr,
            amr=authorization.amr,
            cnf=authorization.cnf,
            user_claims=authorization.user_claims,
            authorization_details=authorization.authorization_details,
        )
        return claims | access_tokens.of_exchange(authorization.act, authorization.lineage)

    def _protection(self, authorization: Authorization) -> protection.Prepared:
        prepared = self._protector.prepare(authorization.client, ID_TOKEN)
        if prepared.signed == NONE and authorization.grant_type == IMPLICIT:
            # Only the connection to the token endpoint vouches for such a token (OIDC Core §2).
            raise UnauthorizedClient(
                "The application gets unsigned ID tokens, which the token endpoint alone issues.",
                reason="unsigned_id_token_in_browser",
                spec="OIDC Core §2",
                setting=f"client {authorization.client.id}: id_token_signed_response_alg",
            )
        return prepared

    def _id_token(self, prepared: Prepared, access_token: str, protected: protection.Prepared) -> str:
        authorization = prepared.authorization
        policy = authorization.client.policy
        claims = id_tokens.build(
            issuer=self._issuer,
            subject=self._subject(authorization) or "",
            client_id=authorization.client.id,
            issued_at=prepared.issued_at,
            expires_in=policy.id_token_ttl,
            algorithm=protected.signed,
            auth_time=validity.epoch(authorization.auth_time) if authorization.auth_time else None,
            nonce=authorization.nonce,
            acr=authorization.acr,
            amr=authorization.amr,
            sid=self._sid(authorization),
            jti=id_tokens.name(authorization.grant_id, prepared.jti),
            access_token=access_token or None,
            code=authorization.code,
            state=authorization.state,
            user_claims=authorization.id_token_claims,
        )
        return self._protector.finish(protected, claims, id_tokens.TYPE)

    def _subject(self, authorization: Authorization) -> str | None:
        """The person as this client calls them; without a grant it is no person but a client."""
        user_id = authorization.subject
        if user_id is None or authorization.grant_id is None:
            return user_id
        return self._subjects.of(authorization.client, user_id)

    def _sid(self, authorization: Authorization) -> str | None:
        session_id = authorization.session_id
        return self._macs.sid(session_id, authorization.client.id) if session_id else None

    def _store(self, unit: Unit, authorization: Authorization, claims: dict[str, Any]) -> str:
        handle = self._handles.issue(Kind.ACCESS_TOKEN)
        unit.access_tokens.add(
            frozen(AccessToken).new(
                digest=handle.digest,
                jti=claims["jti"],
                grant_id=authorization.grant_id,
                client_id=authorization.client.id,
                claims=claims,
                expires_at=validity.from_epoch(claims["exp"]),
                cnf=dict(authorization.cnf) if authorization.cnf else None,
            )
        )
        return handle.value

    def _is_opaque(self, authorization: Authorization, snapshot: Snapshot) -> bool:
        formats = {resource.token_format for uri in authorization.audience if (resource := snapshot.resources.get(uri))}
        formats.discard(None)
        return "opaque" in formats or (not formats and authorization.client.policy.access_token_format == "opaque")

    def _lifetime(self, authorization: Authorization, snapshot: Snapshot, issued_at: int) -> int:
        """The shortest of what the client, the resources and what it came from allow."""
        lifetimes = [authorization.client.policy.access_token_ttl]
        for uri in authorization.audience:
            resource = snapshot.resources.get(uri)
            if resource is not None and resource.token_ttl:
                lifetimes.append(resource.token_ttl)
        if authorization.not_after is not None:
            lifetimes.append(authorization.not_after - issued_at)
        if min(lifetimes) <= 0:
            raise InvalidRequest(
                "What the token would come from has expired.", reason="expired_meanwhile", spec="RFC 8693 §2.2.2"
            )
        return min(lifetimes)

    def _algorithm(self, authorization: Authorization, snapshot: Snapshot) -> str:
        for uri in authorization.audience:
            resource = snapshot.resources.get(uri)
            if resource is not None and resource.token_alg:
                return resource.token_alg
        return authorization.client.policy.access_token_alg


def _check_form(authorization: Authorization) -> None:
    """An opaque token is no JWT, and a client that asked for one wants to look into it (RFC 8693 §3)."""
    if authorization.issued_token_type == JWT:
        raise InvalidRequest(
            "Tokens for this resource are opaque: ask for an access_token.",
            reason="token_format_opaque",
            spec="RFC 8693 §2.1",
        )
