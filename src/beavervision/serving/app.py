"""The FastAPI application."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files

import httpx
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from beavervision import __version__
from beavervision.errors import BeaverError
from beavervision.inference.live.settings import LiveSettings
from beavervision.serving.access import Access, AccessError
from beavervision.serving.film_job import FilmJob
from beavervision.serving.film_queue import FilmQueue, QueueFullError, UploadError, public_sentence
from beavervision.serving.library import AvatarLibrary
from beavervision.serving.live_sessions import BusyError, LiveSessions
from beavervision.serving.metrics import CONTENT_TYPE, ServerMetrics
from beavervision.serving.protocol import ProtocolError
from beavervision.serving.webrtc import MAX_OFFER, WebRtcDoor
from beavervision.serving.websocket import BUSY, SocketLimits, serve_socket

STATES = ("queued", "running", "done", "failed", "cancelled")
MAX_TYPED = 2000
"""Characters of text that the page may have spoken."""
MAX_SPOKEN = 50 << 20
"""Bytes that a text-to-speech service may return."""
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:"
    ),
}


@dataclass
class ServerParts:
    """What the application is made of."""

    library: AvatarLibrary
    films: FilmQueue | None
    """None where no films are ordered."""
    access: Access
    max_sessions: int
    live: LiveSettings
    limits: SocketLimits
    tts_url: str | None = None
    ice_servers: list[str] = field(default_factory=list)
    preload: bool = True
    metrics: ServerMetrics = field(default_factory=ServerMetrics)
    server: str = field(default_factory=lambda: secrets.token_hex(4))
    """Name of this server among several."""


def create_app(parts: ServerParts) -> FastAPI:
    """Return the application; its state holds the parts and the open sessions."""
    sessions = LiveSessions(parts.max_sessions, parts.live, parts.metrics, parts.server)
    door = WebRtcDoor(sessions, parts.ice_servers, parts.limits.idle_s, parts.limits.session_s)
    ready = asyncio.Event()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if parts.films is not None:
            parts.films.start()

        async def load() -> None:
            if parts.preload:
                app.state.problems = await asyncio.to_thread(parts.library.load_all)
            ready.set()

        loading = asyncio.create_task(load())
        yield
        loading.cancel()
        await sessions.drain(0)
        if parts.films is not None:
            await asyncio.to_thread(parts.films.stop)

    app = FastAPI(title="beavervision", version=__version__, lifespan=lifespan)
    app.state.parts, app.state.sessions, app.state.ready, app.state.problems = parts, sessions, ready, {}
    _add_safety(app, parts)
    _add_health(app, parts, sessions, ready)
    if parts.films is not None:
        _add_films(app, parts, parts.films)
    _add_live(app, parts, sessions, door)
    _add_page(app, parts)
    return app


def _add_safety(app: FastAPI, parts: ServerParts) -> None:
    @app.middleware("http")
    async def headers(request: Request, call_next: Callable) -> Response:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            # FastAPI's own page of the API's documentation takes its scripts from elsewhere.
            if name != "content-security-policy" or request.url.path not in ("/docs", "/redoc"):
                response.headers.setdefault(name, value)
        return response

    @app.exception_handler(AccessError)
    async def refused(request: Request, error: AccessError) -> JSONResponse:
        parts.metrics.refused.labels(error.status).inc()
        extra = {"www-authenticate": "Bearer"} if error.status == 401 else {}
        return JSONResponse({"error": error.reason}, error.status, extra)

    @app.exception_handler(BeaverError)
    async def mistaken(request: Request, error: BeaverError) -> JSONResponse:
        kinds = {QueueFullError: 429, BusyError: 503, UploadError: 413, ProtocolError: 400}
        status = next((code for kind, code in kinds.items() if isinstance(error, kind)), 422)
        return JSONResponse({"error": public_sentence(error)}, status)


def _client(parts: ServerParts) -> Callable[[Request], str]:
    def check(request: Request) -> str:
        return parts.access.check(request)

    return check


def _add_health(app: FastAPI, parts: ServerParts, sessions: LiveSessions, ready: asyncio.Event) -> None:
    @app.get("/healthz")
    def healthz() -> PlainTextResponse:
        """Whether the process answers."""
        return PlainTextResponse("ok")

    @app.get("/readyz")
    def readyz() -> PlainTextResponse:
        """Whether new sessions and films are taken."""
        if sessions.draining:
            return PlainTextResponse("draining", 503)
        return PlainTextResponse("ready") if ready.is_set() else PlainTextResponse("loading", 503)

    @app.get("/metrics", dependencies=[Depends(_client(parts))])
    def metrics() -> Response:
        """Figures for Prometheus."""
        if parts.films is not None:
            for state in STATES:
                parts.metrics.films.labels(state).set(parts.films.count(state))
        return Response(parts.metrics.text(), media_type=CONTENT_TYPE)


def _add_films(app: FastAPI, parts: ServerParts, films: FilmQueue) -> None:
    client_of = Depends(_client(parts))

    def find(client: str, name: str) -> FilmJob:
        if (job := films.job(client, name)) is None:
            raise AccessError(404, "There is no such film.")
        return job

    @app.post("/v1/films", status_code=202)
    async def order(request: Request, avatar: str, mode: str = "dub", client: str = client_of) -> dict[str, object]:
        """Order a film: the body is the speech, any audio file."""
        if avatar not in parts.library.folders:
            raise AccessError(404, "There is no such avatar; ask GET /v1/avatars.")
        if mode == "dub" or mode == "avatar":
            return (await films.order(client, avatar, mode, request.stream())).public
        raise ProtocolError("mode is dub or avatar.")

    @app.get("/v1/films")
    def listed(client: str = client_of) -> list[dict[str, object]]:
        """The client's films, the newest first."""
        return [job.public for job in films.jobs(client)]

    @app.get("/v1/films/{name}")
    def one(name: str, client: str = client_of) -> dict[str, object]:
        """State and progress of a film."""
        return find(client, name).public

    @app.get("/v1/films/{name}/film")
    def film(name: str, client: str = client_of) -> FileResponse:
        """The finished film."""
        job = find(client, name)
        if (path := films.film(job)) is None:
            raise AccessError(409, f"The film is not there: it is {job.state}.")
        return FileResponse(path, media_type="video/mp4", filename=f"{job.avatar}.mp4")

    @app.delete("/v1/films/{name}", status_code=204)
    def cancel(name: str, client: str = client_of) -> None:
        """Cancel a film, or delete a finished one."""
        films.cancel(find(client, name))


def _add_live(app: FastAPI, parts: ServerParts, sessions: LiveSessions, door: WebRtcDoor) -> None:
    client_of, library = Depends(_client(parts)), parts.library

    @app.get("/v1/avatars")
    def avatars(client: str = client_of) -> list[dict[str, object]]:
        """The people, and what is known of those who are loaded."""
        return [_description(library, name) for name in library.names]

    @app.get("/v1/capacity")
    def capacity(client: str = client_of) -> dict[str, object]:
        """How many live sessions this server takes, and how many are open."""
        return {"server": parts.server, "sessions": len(sessions), "max_sessions": sessions.most}

    @app.websocket("/v1/sessions")
    async def session(socket: WebSocket) -> None:
        try:
            client = parts.access.check(socket)
        except AccessError as error:
            parts.metrics.refused.labels(error.status).inc()
            await socket.close(BUSY, error.reason[:100])
            return
        offered = socket.headers.get("sec-websocket-protocol", "")
        await socket.accept("beavervision" if "beavervision" in offered else None)
        await serve_socket(socket, client, library, sessions, parts.limits)

    @app.post("/v1/webrtc/offer", status_code=201)
    async def offer(request: Request, avatar: str, client: str = client_of) -> Response:
        """Answer a WebRTC offer; its body is SDP, as in WHIP."""
        if avatar not in library.folders:
            raise AccessError(404, "There is no such avatar; ask GET /v1/avatars.")
        content = b""
        async for block in request.stream():
            content += block
            if len(content) > MAX_OFFER:
                raise AccessError(413, "The offer is too long.")
        name, answer = await door.answer(client, content.decode(errors="replace"), lambda: library.person(avatar).face)
        return Response(answer, 201, {"location": f"/v1/webrtc/sessions/{name}"}, "application/sdp")

    @app.delete("/v1/webrtc/sessions/{name}", status_code=204)
    def hang_up(name: str, client: str = client_of) -> None:
        """End a WebRTC session."""
        if (one := sessions.find(client, name)) is None:
            raise AccessError(404, "There is no such session.")
        one.session.close()


def _description(library: AvatarLibrary, name: str) -> dict[str, object]:
    if not library.is_loaded(name):
        return {"name": name, "loaded": False}
    person = library.person(name)
    width, height = person.face.size
    facts = {"fps": person.face.fps, "width": width, "height": height, "generates": person.kind}
    return {"name": name, "loaded": True, **facts, "consent": person.consent is not None}


def _add_page(app: FastAPI, parts: ServerParts) -> None:
    page = files("beavervision.serving").joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/", response_class=HTMLResponse)
    def index() -> str:
        """The page; it holds nothing that is secret and asks for a token itself."""
        return page

    @app.post("/v1/speech")
    async def speech(request: Request, client: str = Depends(_client(parts))) -> Response:
        """Have text spoken by the text-to-speech service that the operator configured."""
        if parts.tts_url is None:
            raise AccessError(404, "No text-to-speech service is configured (serve.tts_url).")
        text = (await request.body())[: 4 * MAX_TYPED].decode(errors="replace")[:MAX_TYPED]
        return await run_in_threadpool(_spoken, parts.tts_url, text)

    @app.get("/v1/page")
    def settings() -> dict[str, object]:
        """What the page may offer."""
        return {"tts": parts.tts_url is not None, "token": bool(parts.access.tokens.hashes)}


def _spoken(url: str, text: str) -> Response:
    try:
        answer = httpx.post(url, json={"text": text}, timeout=30, follow_redirects=False)
        answer.raise_for_status()
    except httpx.HTTPError:
        raise AccessError(502, "The text-to-speech service does not answer.") from None
    if len(answer.content) > MAX_SPOKEN:
        raise AccessError(502, "The text-to-speech service sent too much.")
    return Response(answer.content, media_type=answer.headers.get("content-type", "audio/wav"))
