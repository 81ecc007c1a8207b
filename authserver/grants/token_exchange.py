"""Token exchange (RFC 8693): a client trades a token that it received for one of its own.

What comes out is never more than what went in, what the client may have, and
what the operator's rule allows; it ends with what went in, and hangs on the
same grant, so that whatever ends the first token ends the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from authserver.access import resources as access_resources
from authserver.access import scopes as access_scopes
from authserver.events.catalog import TokenExchanged
from authserver.grants.phases import Phases, Redemption
from authserver.issuing import exchange
from authserver.issuing.authorization import Authorization
from authserver.issuing.exchange import Presented
from authserver.issuing.liveness import why_dead
from authserver.protocol.errors import InvalidClient, InvalidRequest, InvalidScope, InvalidTarget
from authserver.protocol.exchange import ACCESS_TOKEN, DELEGATION, ISSUED_TYPES, PRESENTED_TYPES, ExchangeRule
from authserver.protocol.policy import TOKEN_EXCHANGE
from authserver.storage.models.grants import Grant
from authserver.storage.unit import Unit

WORDS = "The application may not exchange this token."


class TokenExchange(Phases, BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Read what was presented, find the rule that allows it, narrow, mint. Confidential clients only."""

    GRANT_TYPE = TOKEN_EXCHANGE
    public_clients: ClassVar[bool] = False

    def validate_token_request(self) -> None:
        """The tokens are there with their types, and what is asked for is something that can be had."""
        turn = self.request
        turn.required("subject_token")
        _check_type("subject_token_type", turn.required("subject_token_type"))
        if (turn.form.get("actor_token") is None) != (turn.form.get("actor_token_type") is None):
            raise InvalidRequest(
                "actor_token and actor_token_type go together.", reason="actor_token_incomplete", spec="RFC 8693 §2.1"
            )
        if turn.form.get("actor_token_type") is not None:
            _check_type("actor_token_type", turn.required("actor_token_type"))
        if self._issued_type not in ISSUED_TYPES:
            raise InvalidRequest(
                "requested_token_type takes an access_token or a jwt.",
                reason="requested_token_type_unsupported",
                spec="RFC 8693 §2.1",
            )

    @property
    def _issued_type(self) -> str:
        return self.request.form.get("requested_token_type") or ACCESS_TOKEN

    def redeem(self, unit: Unit) -> Redemption:
        """Everything is asked again here and now: token, grant, session, person, clients."""
        subject, actor = self._read(unit, "subject_token"), self._actor(unit)
        exchange.check_chain(subject)
        self._check_live(unit)
        rule = self._rule(subject, actor)
        self._check_keys(rule, subject, actor)
        acting = self._acting(actor)
        if not subject.lets_act(acting | {"client_id": self.request.client.id}):
            raise InvalidRequest(WORDS, reason="may_act_names_another", spec="RFC 8693 §4.4")
        grant = unit.grants.find(subject.token.grant_id) if subject.token.grant_id else None
        scopes, audience = self._narrowed(rule, subject, grant)
        authorization = replace(
            self._authorization(unit, subject, grant, scopes, audience),
            cnf=None,
            # Details were allowed to the client that asked for them, not to whom its tokens are handed.
            authorization_details=(),
            not_after=min(one.expires_at for one in (subject, actor) if one is not None),
            act=subject.acted_by(acting if rule.mode == DELEGATION else None),
            lineage=subject.lineage,
            issued_token_type=self._issued_type,
        )
        return Redemption(authorization, self._event(rule, subject, grant, authorization))

    def _check_live(self, unit: Unit) -> None:
        """The client was found in a memory that may be a second old; here is asked what is true now."""
        client = self.request.client
        if why_dead(unit.liveness.read(client.id, None, None), grant_id=None, in_session=False) is not None:
            raise InvalidClient("Client authentication failed.", reason="client_disabled", spec="RFC 6749 §5.2")

    def _read(self, unit: Unit, name: str) -> Presented:
        value, token_type = self.request.required(name), self.request.required(f"{name}_type")
        return exchange.read(unit, self.services.reader, value, token_type, name=name)

    def _actor(self, unit: Unit) -> Presented | None:
        """The actor's token, which must be the asking client's own: else a stolen one would lend its name."""
        if self.request.form.get("actor_token") is None:
            return None
        actor = self._read(unit, "actor_token")
        if actor.client_id != self.request.client.id:
            raise InvalidRequest(
                "actor_token must be one that was issued to the application itself.",
                reason="actor_token_of_other_client",
                spec="RFC 8693 §2.1",
                details={"issued_to": actor.client_id},
            )
        return actor

    def _rule(self, subject: Presented, actor: Presented | None) -> ExchangeRule:
        """The client's first rule for tokens like this one and for what is asked for."""
        client = self.request.client
        rules = [rule for rule in client.policy.exchange if rule.covers(subject.client_id, subject.audience)]
        if actor is not None:
            rules = [rule for rule in rules if rule.mode == DELEGATION]
        if not rules:
            raise InvalidRequest(
                WORDS,
                reason="exchange_not_allowed",
                spec="RFC 8693 §2.2.2",
                setting=f"client {client.id}: exchange",
                details={"issued_to": subject.client_id, "audience": " ".join(subject.audience)},
            )
        wanted = set(self._wanted)
        found = next((rule for rule in rules if wanted and wanted <= rule.targets), None)
        if found is None:
            raise InvalidTarget(
                "The application may not exchange this token for one for this resource.",
                reason="exchange_target_not_allowed",
                spec="RFC 8693 §2.2.2",
                setting=f"client {client.id}: exchange",
                details={"rules": ", ".join(rule.name for rule in rules)},
            )
        return found

    @property
    def _wanted(self) -> tuple[str, ...]:
        """What is asked for as `resource` or as `audience`, else the client's default (RFC 8693 §2.1)."""
        asked = (*self.request.resources, *self.request.form.all("audience"))
        default = self.request.client.default_resource
        return asked or ((default,) if default else ())

    def _check_keys(self, rule: ExchangeRule, *presented: Presented | None) -> None:
        """A token that is bound to a key is worth nothing to who has not the key (RFC 9449 §7, RFC 8705 §3)."""
        sender = self.request.sender
        if not rule.bound_tokens and not all(one.is_held_by(sender) for one in presented if one is not None):
            raise InvalidRequest(
                "The token is bound to a key that the application has not proven.",
                reason="exchanged_token_bound",
                spec="RFC 9449 §7",
                setting=f"client {self.request.client.id}: exchange {rule.name} bound_tokens",
            )

    def _acting(self, actor: Presented | None) -> dict[str, Any]:
        """Who acts: whoever the actor's token is about, or the asking client itself."""
        acting = {"iss": self.services.issuer, "sub": self.request.client.id if actor is None else actor.subject}
        return acting if actor is None else acting | {"client_id": actor.client_id}

    def _narrowed(
        self, rule: ExchangeRule, subject: Presented, grant: Grant | None
    ) -> tuple[frozenset[str], tuple[str, ...]]:
        """What the presented token may do and the client too, as far as it is for what is asked for."""
        client, snapshot, issuer = self.request.client, self.services.catalog.current(), self.services.issuer
        audience = access_resources.audience(self._wanted, client, snapshot, issuer)
        carried = frozenset(grant.scope.split()) if grant and subject.token.kind == "id_token" else subject.token.scopes
        ceiling = (carried | rule.scopes) & self._allowed()
        asked = self.request.form.get("scope")
        scopes = ceiling if asked is None else access_scopes.resolve(asked, client, snapshot)
        # What a scope implies by now is not missed in a token from before, only what was asked for in so many words.
        missing = (scopes - ceiling).intersection(() if asked is None else asked.split())
        if missing:
            raise InvalidScope(
                f"The token does not carry the scope {min(missing)}.",
                reason="scope_wider_than_exchanged",
                spec="RFC 8693 §2.2.2",
                setting=f"client {client.id}: exchange {rule.name} scopes",
            )
        kept = access_resources.narrow(scopes & ceiling, audience, snapshot, issuer)
        if asked is not None and not kept:
            raise InvalidScope(
                "None of the scopes belongs to what the token would be for.",
                reason="scope_of_other_target",
                spec="RFC 8707 §2",
            )
        return kept, audience

    def _authorization(
        self, unit: Unit, subject: Presented, grant: Grant | None, scopes: frozenset[str], audience: tuple[str, ...]
    ) -> Authorization:
        client, claims = self.request.client, subject.token.claims
        if grant is None:
            return Authorization(self.GRANT_TYPE, client, scopes, audience, subject=subject.subject)
        user = unit.users.read(grant.user_id) if grant.user_id else None
        return self.services.subjects.authorization(
            unit,
            grant,
            user,
            client,
            grant_type=self.GRANT_TYPE,
            granted=scopes,
            scopes=scopes,
            audience=audience,
            nonce=None,
            refresh_token=None,
            in_session="sid" in claims,
        )

    def _event(
        self, rule: ExchangeRule, subject: Presented, grant: Grant | None, authorization: Authorization
    ) -> TokenExchanged:
        act: Mapping[str, Any] = authorization.act or {}
        return TokenExchanged(
            user_id=grant.user_id if grant else None,
            client_id=self.request.client.id,
            session_id=grant.session_id if grant else None,
            grant_id=grant.id if grant else None,
            rule=rule.name,
            mode=rule.mode,
            subject_client=subject.client_id,
            subject_token_id=subject.token.claims.get("jti"),
            acting=act.get("sub"),
            scopes=tuple(sorted(authorization.scopes)),
            audience=authorization.audience,
        )


def _check_type(name: str, value: str) -> None:
    if value not in PRESENTED_TYPES:
        raise InvalidRequest(
            f"{name} takes an access_token, jwt or id_token of this server.",
            reason="presented_token_type_unsupported",
            spec="RFC 8693 §2.1",
        )
