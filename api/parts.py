"""The one place that turns settings into wired parts."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from api.auth.cookie import CookieAuth
from api.auth.identity import Authenticator, Identity
from api.auth.jwt import JwtAuth, MissingExtraError
from api.auth.none import NoAuth
from api.auth.origins import Origins
from api.auth.places import Places
from api.auth.rates import Rates
from api.auth.secret import kept_secret
from api.auth.sockets import SocketLimits
from api.backup.places import UPLOADS
from api.core.history import HistoryLimits
from api.core.points import Reach, nowhere
from api.data import StartRefusedError, new_id, open_database_in, taken_folder
from api.database.beside import Beside
from api.database.database import Database
from api.database.lock import DataFolderLock
from api.database.pulse import Pulse
from api.database.writer import Writer
from api.documents.corpus import IndexCorpus
from api.documents.documents import Documents
from api.documents.model import Document
from api.documents.ports import Collection
from api.documents.register import Register
from api.documents.shared import SharedDocuments
from api.documents.uploads import Uploads
from api.doors.dialog import MOST_SESSIONS, SocketServices
from api.doors.documents import wire
from api.doors.runs import Runs
from api.doors.ws import Socket, Sockets
from api.log.log import SqlLog
from api.log.lookout import Lookout
from api.service.chat import Chat, ChatLimits
from api.service.deadline import GenerationLimits
from api.service.finish import Finisher
from api.service.forgetting import Forgetting
from api.service.generate import Generator
from api.service.leaving import Leaving
from api.service.library import Library
from api.service.links import Links
from api.service.ports import DocumentHint, Hints
from api.service.reaper import Reaper
from api.service.record import Records
from api.service.runner import Runner
from api.service.sweep import Sweep
from api.service.visits import Visitors
from api.settings import Settings
from api.store.archive import SqlArchive
from api.store.links import SqlLinks
from api.store.notes import SqlNotes
from api.store.store import SqlStore
from api.wakeups.neighbours import Neighbours, over_redis
from api.watchdog import Watchdog
from chains.contract import Chain, ChainRefused
from chains.library import open_index
from chains.registry import load
from chains.retrieval.store import IndexUnusable

WRITE_SCOPE = "documents:write"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Parts:
    """Everything that the app is made of. `running` brings it to life and lays it down again."""

    settings: Settings
    chains: Mapping[str, Chain]
    who: Authenticator
    origins: Origins
    rates: Rates
    chat: Chat
    library: Library
    forgetting: Forgetting
    links: Links
    runner: Runner
    leaving: Leaving
    runs: Runs
    sockets: Sockets
    hints: Hints
    reaper: Reaper
    notes: SqlNotes
    records: Records
    sweep: Sweep
    documents: Collection
    database: Database
    writer: Writer
    neighbours: Neighbours
    lookout: Lookout
    pulse: Pulse | None
    watchdog: Watchdog
    alive: bool = False

    @property
    def playground(self) -> bool:
        """Whether chains have a playground."""
        chosen = self.settings.playground
        return self.settings.local if chosen is None else chosen

    def may_write_documents(self, identity: Identity) -> bool:
        """With bearer tokens whoever has the scope, else everyone or nobody."""
        if self.settings.auth == "jwt":
            return WRITE_SCOPE in identity.scopes
        chosen = self.settings.documents_write or ("everyone" if self.settings.local else "nobody")
        return chosen == "everyone"

    def why_not_ready(self) -> str | None:
        """None if the server is fit to serve, else the reason in words."""
        if self.runner.draining:
            return "draining: this server is leaving"
        return self.writer.trouble.reason if self.alive else "starting"

    async def drain(self) -> None:
        """Lets running answers end, for a while; new messages are refused meanwhile."""
        seconds = self.settings.drain_seconds
        farewell = self.sockets.farewell() if self.neighbours.any else None
        await asyncio.gather(self.leaving(seconds, farewell), self.runs.drain(seconds))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            await self.watchdog.start()
            stack.push_async_callback(self.watchdog.close)
            await self.writer.start()
            stack.push_async_callback(self.writer.close)
            await self.neighbours.start()
            stack.push_async_callback(self.neighbours.close)
            await self.notes.start()
            stack.push_async_callback(self.notes.close)
            stack.push_async_callback(self.leaving, 0)
            stack.push_async_callback(self.chat.settled)
            stack.push_async_callback(self.forgetting.settled)
            await self.reaper.enter(alone=not self.database.shared)
            await self.forgetting.resume()
            await self.documents.start()
            stack.push_async_callback(self.documents.close)
            others = [self.lookout.forever(), self.pulse.forever()] if self.pulse else []
            for work in (self.reaper.forever(), self.sweep.forever(), *others):
                stack.callback(asyncio.create_task(work).cancel)
            self.alive = True
            yield


def build(settings: Settings, reach: Reach = nowhere) -> Parts:
    """Opens the data folder and wires the parts; nothing runs yet. Raises StartRefusedError.

    `reach` is told of each of the named points; only tests have a use for it.
    """
    with taken_folder(settings) as lock:
        return _wired(settings, lock, reach)


def _wired(settings: Settings, lock: DataFolderLock, reach: Reach) -> Parts:
    chains = _chains(settings)
    who = _authenticator(settings)
    database = open_database_in(settings, lock)
    counted = settings.auth != "none"
    clock = database.clock or now
    owner = new_id()
    neighbours = _neighbours(settings, owner, database)
    hints = neighbours.hints
    log = SqlLog(database.epoch, database.readers, neighbours.wakeups, reach)
    writer = Writer(database.writing, neighbours.also_told(log.publish), reach, database.waiting)
    log.use(writer)
    store = SqlStore(
        database.readers,
        writer,
        epoch=lambda: log.epoch,
        clock=clock,
        new_id=new_id,
        owner=owner,
        history=HistoryLimits(settings.history_messages // 2, settings.history_chars),
        served=frozenset(chains),
        default_chain=next(iter(chains)),
        per_minute=settings.limit_messages_per_minute if database.shared and counted else 0,
    )
    notes = SqlNotes(database.readers, writer, clock)
    visitors = Visitors(notes, new_id)
    archive = SqlArchive(database.readers, writer, clock=clock)
    links = SqlLinks(writer)
    runner = Runner(
        Generator(
            chains=chains,
            log=log,
            finish=Finisher(store, hints, new_id),
            hints=hints,
            notes=notes,
            limits=_generation_limits(settings),
            new_id=new_id,
            reach=reach,
        ),
        log.attend,
    )
    neighbours.use(log.hear, log.lookout.look_at, runner.abandon)
    reaper = Reaper(store=store, notes=notes, runner=runner, owner=owner, clock=time.monotonic)
    rates = Rates(settings.limit_messages_per_minute if counted else 0)
    chat = Chat(
        store=store,
        log=log,
        runner=runner,
        reaper=reaper,
        chains=chains,
        hints=hints,
        notes=notes,
        visitors=visitors,
        rates=rates,
        limits=ChatLimits(
            settings.limit_message_chars, settings.limit_generations_per_user if counted else 0
        ),
        new_id=new_id,
    )
    forgetting = Forgetting(archive=archive, runner=runner, hints=hints)
    origins = Origins(settings.origins)
    limits: SocketLimits[Socket] = SocketLimits(
        settings.limit_sockets_per_user if counted else 0, settings.limit_sockets_per_address
    )
    places = Places(limits, neighbours.tally, Socket.give_way)
    # Whole hours go, counted from when their answers were accepted: the last to end has its retention too.
    longest = settings.timeout_total if database.shared else 0
    retention = timedelta(seconds=settings.retention_pieces + longest)
    return Parts(
        settings=settings,
        chains=chains,
        who=who,
        origins=origins,
        rates=rates,
        chat=chat,
        library=Library(store, archive),
        forgetting=forgetting,
        links=Links(links, clock),
        runner=runner,
        leaving=Leaving(chat=chat, runner=runner, store=store),
        runs=Runs(),
        sockets=Sockets(_socket_services(settings, chat, who), origins=origins, places=places, hints=hints),
        hints=hints,
        reaper=reaper,
        notes=notes,
        records=Records(notes, visitors),
        sweep=Sweep(
            store=store,
            archive=archive,
            log=log,
            notes=notes,
            links=links,
            forgetting=forgetting,
            clock=clock,
            retention=retention,
        ),
        documents=_documents(settings, database, neighbours),
        database=database,
        writer=writer,
        neighbours=neighbours,
        lookout=log.lookout,
        pulse=Pulse(database.readers, database.clock, database.waiting, log.begin_anew)
        if database.clock
        else None,
        watchdog=Watchdog(),
    )


def _neighbours(settings: Settings, owner: str, database: Database) -> Neighbours:
    if settings.redis_url is None or not database.shared:
        return Neighbours()
    try:
        return over_redis(settings.redis_url.get_secret_value(), owner, database.id)
    except (ModuleNotFoundError, ValueError) as error:
        raise StartRefusedError(f"STEADYCHAT_REDIS_URL: {error}") from error


def _chains(settings: Settings) -> Mapping[str, Chain]:
    try:
        return load(settings.chains)
    except ChainRefused as refusal:
        raise StartRefusedError(f"STEADYCHAT_CHAINS: {refusal}") from refusal


def _documents(settings: Settings, database: Database, neighbours: Neighbours) -> Collection:
    try:
        corpus = IndexCorpus(open_index(settings))
    except (ChainRefused, IndexUnusable) as refusal:
        raise StartRefusedError(f"the document index cannot be opened: {refusal}") from refusal

    def tell(user_id: str, document: Document) -> None:
        neighbours.hints.tell(user_id, DocumentHint(wire(document).model_dump(mode="json")))

    if database.shared:
        register = Register(database.readers, Beside(settings.database, database.waiting))
        bell = partial(neighbours.bell, "documents")
        return SharedDocuments(register, corpus, tell, bell, new_id, database.clock or now)
    return Documents(corpus, Uploads(settings.data_dir / UPLOADS), tell, new_id, now)


def _authenticator(settings: Settings) -> Authenticator:
    if settings.auth == "none":
        return NoAuth()
    if settings.auth == "jwt":
        return _jwt(settings)
    try:
        secret = settings.secret.get_secret_value() if settings.secret else kept_secret(settings.data_dir)
    except OSError as error:
        raise StartRefusedError(
            f"the secret cannot be kept in {settings.data_dir.resolve()} ({error.strerror}): "
            "make the folder writable or set STEADYCHAT_SECRET"
        ) from error
    return CookieAuth(secret, new_id)


def _generation_limits(settings: Settings) -> GenerationLimits:
    return GenerationLimits(
        first_piece=settings.timeout_first_piece,
        gap=settings.timeout_gap,
        total=settings.timeout_total,
        output_bytes=settings.limit_output_bytes,
    )


def _socket_services(settings: Settings, chat: Chat, who: Authenticator) -> SocketServices:
    counted = settings.auth != "none"
    limits = {
        "message_chars": settings.limit_message_chars,
        "frame_bytes": settings.limit_frame_bytes,
        "messages_per_minute": settings.limit_messages_per_minute if counted else 0,
        "generations_per_user": settings.limit_generations_per_user if counted else 0,
        "sessions_per_connection": MOST_SESSIONS,
    }
    return SocketServices(chat=chat, who=who, limits=limits, new_id=new_id)


def _jwt(settings: Settings) -> Authenticator:
    try:
        return JwtAuth(
            secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
            jwks_url=settings.jwks_url,
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
        )
    except (MissingExtraError, ValueError) as error:
        raise StartRefusedError(f"STEADYCHAT_AUTH=jwt: {error}") from error
