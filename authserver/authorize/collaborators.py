"""What the steps may ask: narrow, named, wired once."""

from __future__ import annotations

from dataclasses import dataclass

from authserver.access.catalog import ResourceCatalog
from authserver.authorize.pushed_requests import PushedRequests
from authserver.authorize.request_objects import RequestObjects
from authserver.clients.directory import ClientSource
from authserver.clients.subject_identifiers import SubjectIdentifiers
from authserver.issuing.hints import HintReader
from authserver.issuing.protection import Protector


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The directories that steps look things up in.

    `clients` may ask other servers for a client's metadata, so it is for steps
    outside of a transaction; `known_clients` asks the database alone.
    """

    issuer: str
    clients: ClientSource
    known_clients: ClientSource
    catalog: ResourceCatalog
    hints: HintReader
    subjects: SubjectIdentifiers
    protector: Protector
    pushed_requests: PushedRequests
    request_objects: RequestObjects
