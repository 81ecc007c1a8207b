"""Every collaborator named once and wired once. Nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from authserver import storage
from authserver.access.assertion_issuers import TrustedIssuers
from authserver.access.catalog import ResourceCatalog
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.dispatch import Dispatcher
from authserver.authorize.front_channel import FrontChannel
from authserver.authorize.pushed_requests import PushedRequests
from authserver.authorize.request_objects import RequestObjects
from authserver.authorize.response import Responder
from authserver.authorize.signed_responses import ResponseSigner
from authserver.clients import policy as policies
from authserver.clients.authentication import ClientAuthentication
from authserver.clients.authentication.proofs import proofs
from authserver.clients.authentication_requests import AuthenticationRequests
from authserver.clients.directory import ClientDirectory
from authserver.clients.documents import ClientDocuments
from authserver.clients.dynamic_registration import DynamicRegistration
from authserver.clients.initial_access import InitialAccessTokens
from authserver.clients.keys import ClientKeys
from authserver.clients.registration import ClientRegistration
from authserver.clients.secret_keys import SecretKeys
from authserver.clients.sectors import SectorIdentifiers
from authserver.clients.statements import SoftwareStatements, read_issuers
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.crypto.handles import Handles
from authserver.crypto.keepers import Crypto
from authserver.crypto.macs import Macs
from authserver.events.explanations import Explanations
from authserver.events.floods import Floods
from authserver.events.outbound import Outbound
from authserver.events.outbox import Recorder
from authserver.events.spool import Spool
from authserver.events.tallies import Tallies
from authserver.events.worker import spool_directory
from authserver.grants.authorization_code import AuthorizationCode
from authserver.grants.ciba import BackchannelAuthentication
from authserver.grants.client_credentials import ClientCredentials
from authserver.grants.device_code import DeviceCode
from authserver.grants.jwt_bearer import JWTBearer
from authserver.grants.phases import GrantServices, Phases
from authserver.grants.refresh_token import RefreshToken
from authserver.grants.sender_constraint import SenderConstraint
from authserver.grants.server import TokenServer
from authserver.grants.token_exchange import TokenExchange
from authserver.identity.authentication import PasswordAuthentication
from authserver.identity.browsers import BrowserRegistry
from authserver.identity.lockout import Lockout
from authserver.identity.passwords import Passwords
from authserver.identity.sessions import SessionRegistry
from authserver.identity.users import Users
from authserver.issuing.answers import Answers, answers
from authserver.issuing.backchannel_requests import BackchannelAuthentications
from authserver.issuing.decisions import Decisions
from authserver.issuing.device_requests import DeviceAuthorizations
from authserver.issuing.introspection import Introspector
from authserver.issuing.jwt_assertions import Assertions
from authserver.issuing.mint import Mint
from authserver.issuing.reading import TokenReader
from authserver.issuing.refreshing import RefreshTokenIssuer
from authserver.issuing.reuse import ReuseResponse
from authserver.issuing.revocation import Revoker
from authserver.issuing.signed_introspection import SignedIntrospection
from authserver.issuing.subjects import SubjectClaims
from authserver.login.interactions import InteractionLedger
from authserver.settings.schema import Settings
from authserver.signing.keyring import Keyring
from authserver.storage.database import Database
from authserver.storage.ephemeral import Ephemeral, open_ephemeral
from authserver.tokens.dpop import DPoPProofs

GRANTS: tuple[type[Phases], ...] = (
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
    DeviceCode,
    BackchannelAuthentication,
    TokenExchange,
    JWTBearer,
)
"""What the token endpoint offers; metadata follows."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a person decides away from the client that asks: requests of devices and of clients in the background."""

    decisions: Decisions
    devices: DeviceAuthorizations
    backchannel: BackchannelAuthentications
    signed: AuthenticationRequests


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of endpoints, pages and commands."""

    settings: Settings
    database: Database
    ephemeral: Ephemeral
    crypto: Crypto
    recorder: Recorder
    spool: Spool
    tallies: Tallies
    explanations: Explanations
    keyring: Keyring
    outbound: Outbound
    clients: ClientDirectory
    client_keys: ClientKeys
    secret_keys: SecretKeys
    client_authentication: ClientAuthentication
    dpop: DPoPProofs
    dynamic_registration: DynamicRegistration
    catalog: ResourceCatalog
    trusted_issuers: TrustedIssuers
    users: Users
    passwords: Passwords
    password_authentication: PasswordAuthentication
    browsers: BrowserRegistry
    sessions: SessionRegistry
    ledger: InteractionLedger
    authorize_collaborators: Collaborators
    dispatcher: Dispatcher
    answers: Answers
    responder: Responder
    response_signer: ResponseSigner
    token_server: TokenServer
    token_reader: TokenReader
    introspector: Introspector
    signed_introspection: SignedIntrospection
    revoker: Revoker
    elsewhere: Elsewhere

    @property
    def handles(self) -> Handles:
        """Opaque handles."""
        return self.crypto.handles

    @property
    def macs(self) -> Macs:
        """Keyed tags."""
        return self.crypto.macs

    def waiting_events(self) -> int:
        """How many events wait for the audit log."""
        with self.database.reading() as unit:
            return unit.outbox.count()

    def close(self) -> None:
        """Write what waits and close what is open."""
        self.explanations.close()
        self.spool.close()
        self.tallies.close()
        self.database.close()


def wire(settings: Settings, database: Database | None = None) -> Services:
    """Open the database and build everything on it."""
    wiring = Wiring(settings, database or storage.open_database(settings))
    collaborators: dict[str, Any] = {field.name: getattr(wiring, field.name) for field in fields(Services)}
    return Services(**collaborators)


class Wiring:
    """How each collaborator is made of the others, once; the order follows from what each of them asks for."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database

    @cached_property
    def crypto(self) -> Crypto:
        return Crypto.of(self.settings)

    @cached_property
    def ephemeral(self) -> Ephemeral:
        return open_ephemeral(self.settings, self.database)

    @cached_property
    def recorder(self) -> Recorder:
        return Recorder(self.crypto.sealer)

    @cached_property
    def spool(self) -> Spool:
        return Spool(spool_directory(self.settings), self.crypto.sealer)

    @cached_property
    def tallies(self) -> Tallies:
        return Tallies(spool_directory(self.settings), self.crypto.sealer)

    @cached_property
    def explanations(self) -> Explanations:
        return Explanations(self.database, Floods(self.spool, self.tallies))

    @cached_property
    def outbound(self) -> Outbound:
        return Outbound(self.settings)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.database, self.crypto.sealer)

    @cached_property
    def dpop(self) -> DPoPProofs:
        settings = self.settings
        return DPoPProofs(settings.addresses, self.ephemeral, self.crypto.macs, nonce_required=settings.dpop_nonce)

    @cached_property
    def clients(self) -> ClientDirectory:
        return ClientDirectory(self.database, self.crypto.client_secrets, policies.profiles(self.settings))

    @cached_property
    def client_keys(self) -> ClientKeys:
        return ClientKeys(self.outbound)

    @cached_property
    def secret_keys(self) -> SecretKeys:
        return SecretKeys(self.crypto.client_secrets)

    @cached_property
    def client_authentication(self) -> ClientAuthentication:
        offered = proofs(self.settings, self.client_keys, self.secret_keys, self.ephemeral)
        return ClientAuthentication(self.clients, self.crypto.client_secrets, offered, self.client_documents)

    @cached_property
    def client_registration(self) -> ClientRegistration:
        sectors = SectorIdentifiers(self.outbound)
        return ClientRegistration(self.database, self.crypto.client_secrets, self.recorder, sectors)

    @cached_property
    def client_documents(self) -> ClientDocuments:
        return ClientDocuments(self.settings, self.database, self.outbound, self.clients, self.client_registration)

    @cached_property
    def dynamic_registration(self) -> DynamicRegistration:
        database, crypto, settings = self.database, self.crypto, self.settings
        return DynamicRegistration(
            database,
            crypto.handles,
            self.client_registration,
            settings=settings,
            initial_tokens=InitialAccessTokens(database, crypto.handles, self.recorder),
            statements=SoftwareStatements(read_issuers(settings.software_statement_issuers)),
        )

    @cached_property
    def elsewhere(self) -> Elsewhere:
        settings, crypto = self.settings, self.crypto
        interval, decisions = settings.polling_interval, Decisions(self.recorder, self.catalog)
        return Elsewhere(
            decisions=decisions,
            devices=DeviceAuthorizations(
                crypto.handles, crypto.macs, self.recorder, ttl=settings.device_code_ttl, interval=interval
            ),
            backchannel=BackchannelAuthentications(
                crypto.handles, crypto.sealer, decisions, ttl=settings.backchannel_request_ttl, interval=interval
            ),
            signed=AuthenticationRequests(settings.issuer, self.client_keys, self.ephemeral),
        )

    @cached_property
    def catalog(self) -> ResourceCatalog:
        return ResourceCatalog(self.database)

    @cached_property
    def trusted_issuers(self) -> TrustedIssuers:
        return TrustedIssuers(self.database)

    @cached_property
    def lockout(self) -> Lockout:
        return Lockout(self.settings, self.crypto.macs)

    @cached_property
    def passwords(self) -> Passwords:
        return Passwords(self.settings, self.crypto.hasher, self.recorder)

    @cached_property
    def users(self) -> Users:
        return Users(self.passwords, self.lockout, self.recorder)

    @cached_property
    def password_authentication(self) -> PasswordAuthentication:
        return PasswordAuthentication(self.database, self.crypto.hasher, self.lockout, self.recorder)

    @cached_property
    def browsers(self) -> BrowserRegistry:
        return BrowserRegistry(self.crypto.handles, self.crypto.macs, self.settings.session_max_ttl)

    @cached_property
    def sessions(self) -> SessionRegistry:
        return SessionRegistry(self.settings, self.recorder)

    @cached_property
    def ledger(self) -> InteractionLedger:
        return InteractionLedger(self.crypto.handles, self.crypto.macs, self.settings.interaction_ttl)

    @cached_property
    def mint(self) -> Mint:
        handles, macs = self.crypto.handles, self.crypto.macs
        return Mint(self.settings.issuer, self.keyring, handles, macs, self.catalog, answers=self.answers)

    @cached_property
    def answers(self) -> Answers:
        subjects = SubjectIdentifiers(self.database, self.crypto.sealer)
        return answers(
            self.settings.issuer,
            self.database,
            subjects,
            keyring=self.keyring,
            clients=self.clients,
            client_keys=self.client_keys,
            secret_keys=self.secret_keys,
        )

    @cached_property
    def subjects(self) -> SubjectClaims:
        return SubjectClaims()

    @cached_property
    def authorize_collaborators(self) -> Collaborators:
        settings = self.settings
        return Collaborators(
            issuer=settings.issuer,
            clients=self.client_documents,
            known_clients=self.clients,
            catalog=self.catalog,
            hints=self.answers.hints,
            subjects=self.answers.subjects,
            protector=self.answers.protector,
            pushed_requests=PushedRequests(self.database, self.crypto.handles, settings.pushed_request_ttl),
            request_objects=RequestObjects(settings.issuer, self.client_keys, self.keyring, self.outbound),
        )

    @cached_property
    def responder(self) -> Responder:
        issuer = self.settings.issuer
        front_channel = FrontChannel(issuer, self.catalog, self.subjects, self.mint, self.recorder)
        return Responder(issuer, self.crypto.handles, self.sessions, self.recorder, front_channel)

    @cached_property
    def response_signer(self) -> ResponseSigner:
        return ResponseSigner(self.settings.issuer, self.answers.protector)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self.ledger, self.browsers, self.responder)

    @cached_property
    def token_reader(self) -> TokenReader:
        return TokenReader(self.settings.issuer, self.keyring, self.crypto.handles, self.database)

    @cached_property
    def introspector(self) -> Introspector:
        return Introspector(self.token_reader, self.catalog, self.clients, self.answers.subjects)

    @cached_property
    def signed_introspection(self) -> SignedIntrospection:
        return SignedIntrospection(self.settings.issuer, self.answers.protector)

    @cached_property
    def revoker(self) -> Revoker:
        return Revoker(self.database, self.token_reader, self.recorder)

    @cached_property
    def grant_services(self) -> GrantServices:
        return GrantServices(
            issuer=self.settings.issuer,
            handles=self.crypto.handles,
            catalog=self.catalog,
            recorder=self.recorder,
            refresh_tokens=RefreshTokenIssuer(self.crypto.handles, self.settings.pepper),
            subjects=self.subjects,
            reuse=ReuseResponse(self.recorder, self.sessions),
            reader=self.token_reader,
            assertions=Assertions(self.trusted_issuers, self.client_keys, self.settings.issuer),
        )

    @cached_property
    def token_server(self) -> TokenServer:
        server = TokenServer(
            self.database,
            self.client_authentication,
            SenderConstraint(self.dpop),
            mint=self.mint,
            spool=self.spool,
            services=self.grant_services,
        )
        for grant in GRANTS:
            server.offer(grant)
        return server
