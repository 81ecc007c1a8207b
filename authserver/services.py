"""Every collaborator named once and wired once. Nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass

from authserver import storage
from authserver.access.catalog import ResourceCatalog
from authserver.authorize.collaborators import Collaborators
from authserver.authorize.dispatch import Dispatcher
from authserver.authorize.response import CodeResponder
from authserver.clients import policy as policies
from authserver.clients.authentication import ClientAuthentication
from authserver.clients.directory import ClientDirectory
from authserver.clients.dynamic_registration import DynamicRegistration
from authserver.clients.initial_access import InitialAccessTokens
from authserver.clients.keys import ClientKeys
from authserver.clients.registration import ClientRegistration
from authserver.clients.sectors import SectorIdentifiers
from authserver.clients.statements import SoftwareStatements, read_issuers
from authserver.crypto.handles import Handles
from authserver.crypto.macs import Macs
from authserver.crypto.passwords import PasswordHasher
from authserver.crypto.sealing import Sealer
from authserver.crypto.secrets import ClientSecrets
from authserver.events.explanations import Explanations
from authserver.events.floods import Floods
from authserver.events.outbound import Outbound
from authserver.events.outbox import Recorder
from authserver.events.spool import Spool
from authserver.events.tallies import Tallies
from authserver.events.worker import spool_directory
from authserver.grants.authorization_code import AuthorizationCode
from authserver.grants.client_credentials import ClientCredentials
from authserver.grants.device_code import DeviceCode
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
from authserver.issuing.decisions import Decisions
from authserver.issuing.device_requests import DeviceAuthorizations
from authserver.issuing.introspection import Introspector
from authserver.issuing.mint import Mint
from authserver.issuing.reading import TokenReader
from authserver.issuing.refreshing import RefreshTokenIssuer
from authserver.issuing.reuse import ReuseResponse
from authserver.issuing.revocation import Revoker
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
    TokenExchange,
)
"""What the token endpoint offers; metadata follows."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """What keeps secrets."""

    handles: Handles
    macs: Macs
    sealer: Sealer
    hasher: PasswordHasher
    client_secrets: ClientSecrets


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a person decides away from the client that asks: requests of devices, and the decisions."""

    decisions: Decisions
    devices: DeviceAuthorizations


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
    client_authentication: ClientAuthentication
    dpop: DPoPProofs
    dynamic_registration: DynamicRegistration
    catalog: ResourceCatalog
    users: Users
    passwords: Passwords
    password_authentication: PasswordAuthentication
    browsers: BrowserRegistry
    sessions: SessionRegistry
    ledger: InteractionLedger
    authorize_collaborators: Collaborators
    dispatcher: Dispatcher
    token_server: TokenServer
    token_reader: TokenReader
    introspector: Introspector
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
        self.explanations.flush()
        self.spool.close()
        self.tallies.close()
        self.database.close()


def wire(settings: Settings, database: Database | None = None) -> Services:
    """Open the database and build everything on it."""
    database = database or storage.open_database(settings)
    crypto = _crypto(settings)
    recorder = Recorder(crypto.sealer)
    keyring = Keyring(database, crypto.sealer)
    clients = ClientDirectory(database, crypto.client_secrets, policies.profiles(settings))
    outbound = Outbound(settings)
    client_keys = ClientKeys(outbound)
    catalog = ResourceCatalog(database)
    sessions = SessionRegistry(settings, recorder)
    lockout = Lockout(settings, crypto.macs)
    passwords = Passwords(settings, crypto.hasher, recorder)
    browsers = BrowserRegistry(crypto.handles, crypto.macs, settings.session_max_ttl)
    ledger = InteractionLedger(crypto.handles, crypto.macs, settings.interaction_ttl)
    reader = TokenReader(settings.issuer, keyring, crypto.handles, database)
    authentication = ClientAuthentication(clients, crypto.client_secrets)
    spool = Spool(spool_directory(settings), crypto.sealer)
    tallies = Tallies(spool_directory(settings), crypto.sealer)
    ephemeral = open_ephemeral(settings, database)
    dpop = _dpop(settings, ephemeral, crypto.macs)
    responder = CodeResponder(settings.issuer, crypto.handles, sessions, recorder)
    return Services(
        settings=settings,
        database=database,
        ephemeral=ephemeral,
        crypto=crypto,
        recorder=recorder,
        spool=spool,
        tallies=tallies,
        explanations=Explanations(database, Floods(spool, tallies)),
        keyring=keyring,
        outbound=outbound,
        clients=clients,
        client_keys=client_keys,
        client_authentication=authentication,
        dpop=dpop,
        dynamic_registration=_dynamic_registration(settings, database, crypto, recorder, outbound),
        catalog=catalog,
        users=Users(passwords, lockout, recorder),
        passwords=passwords,
        password_authentication=PasswordAuthentication(database, crypto.hasher, lockout, recorder),
        browsers=browsers,
        sessions=sessions,
        ledger=ledger,
        authorize_collaborators=Collaborators(settings.issuer, clients, catalog, keyring),
        dispatcher=Dispatcher(ledger, browsers, responder),
        token_server=_token_server(
            settings, database, crypto, keyring, catalog, recorder, sessions, authentication, dpop, spool, reader
        ),
        token_reader=reader,
        introspector=Introspector(reader, catalog),
        revoker=Revoker(database, reader, recorder),
        elsewhere=_elsewhere(settings, crypto, recorder),
    )


def _crypto(settings: Settings) -> Crypto:
    return Crypto(
        handles=Handles(settings.pepper),
        macs=Macs(settings.application_secret),
        sealer=Sealer.of(settings.sealing_key),
        hasher=PasswordHasher(settings),
        client_secrets=ClientSecrets(settings.pepper),
    )


def _elsewhere(settings: Settings, crypto: Crypto, recorder: Recorder) -> Elsewhere:
    interval = settings.polling_interval
    return Elsewhere(
        decisions=Decisions(recorder),
        devices=DeviceAuthorizations(
            crypto.handles, crypto.macs, recorder, ttl=settings.device_code_ttl, interval=interval
        ),
    )


def _dpop(settings: Settings, seen: Ephemeral, macs: Macs) -> DPoPProofs:
    addresses = (settings.issuer, *settings.issuer_aliases)
    return DPoPProofs(addresses, seen, macs, nonce_required=settings.dpop_nonce)


def _dynamic_registration(
    settings: Settings, database: Database, crypto: Crypto, recorder: Recorder, outbound: Outbound
) -> DynamicRegistration:
    return DynamicRegistration(
        database,
        crypto.handles,
        ClientRegistration(database, crypto.client_secrets, recorder, SectorIdentifiers(outbound)),
        settings=settings,
        initial_tokens=InitialAccessTokens(database, crypto.handles, recorder),
        statements=SoftwareStatements(read_issuers(settings.software_statement_issuers)),
    )


def _token_server(  # noqa: PLR0917 - wiring takes what it wires
    settings: Settings,
    database: Database,
    crypto: Crypto,
    keyring: Keyring,
    catalog: ResourceCatalog,
    recorder: Recorder,
    sessions: SessionRegistry,
    authentication: ClientAuthentication,
    dpop: DPoPProofs,
    spool: Spool,
    reader: TokenReader,
) -> TokenServer:
    mint = Mint(settings.issuer, keyring, crypto.handles, crypto.macs, catalog)
    collaborators = GrantServices(
        issuer=settings.issuer,
        handles=crypto.handles,
        catalog=catalog,
        recorder=recorder,
        refresh_tokens=RefreshTokenIssuer(crypto.handles, settings.pepper),
        subjects=SubjectClaims(),
        reuse=ReuseResponse(recorder, sessions),
        reader=reader,
    )
    server = TokenServer(
        database, authentication, SenderConstraint(dpop), mint=mint, spool=spool, services=collaborators
    )
    for grant in GRANTS:
        server.offer(grant)
    return server
