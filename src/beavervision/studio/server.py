"""The studio's server: the Gradio page, the files that it shows, and who may ask for them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import gradio as gr  # pyright: ignore[reportMissingImports]  # the extra [studio]
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from beavervision.artifacts.names import is_name
from beavervision.studio.addresses import FILES, FOOTAGE, find_file
from beavervision.studio.job_queue import JobQueue
from beavervision.studio.page import HEAD, STYLE, build_page, theme
from beavervision.studio.password import is_allowed
from beavervision.studio.people import read_person
from beavervision.workflows.listening import is_loopback

USER = "studio"
"""Name that the browser's password dialogue is answered with."""
OWN_NAMES = ["127.0.0.1", "localhost", "[::1]", "::1"]
"""Hosts of a studio that only this machine reaches: another name is a foreign page that tries to get in."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "SAMEORIGIN",
    # Nothing is fetched from elsewhere: no fonts, no analytics.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; media-src 'self' blob: data:; font-src 'self' data:; worker-src 'self' blob:; "
        "connect-src 'self' blob: data:; frame-ancestors 'self'"
    ),
}
Next = Callable[[Request], Awaitable[Response]]


def create_app(queue: JobQueue, host: str = "127.0.0.1", password: str | None = None) -> FastAPI:
    """Return the application.

    Args:
        queue: of the jobs; its folder is the one that is shown.
        host: address that the server listens on.
        password: that the browser must give; None for none.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = FastAPI(title="beavervision studio", docs_url=None, redoc_url=None, openapi_url=None)
    _add_files(app, queue)
    page = build_page(queue)
    gr.mount_gradio_app(
        app, page, path="", theme=theme(), css=STYLE, head=HEAD, footer_links=[], ssr_mode=False, run_history=False
    )
    _add_safety(app, host, password)
    return app


def _add_files(app: FastAPI, queue: JobQueue) -> None:
    @app.get(f"{FILES}/{{path:path}}")
    def shown(path: str) -> Response:
        """A picture, film or page below the runs folder."""
        found = find_file(queue.runs, path)
        return PlainTextResponse("There is no such file.", 404) if found is None else FileResponse(found)

    @app.get(f"{FOOTAGE}/{{name}}")
    def footage(name: str) -> Response:
        """The footage of a person."""
        person = read_person(queue.runs / name) if is_name(name) and (queue.runs / name).is_dir() else None
        if person is None or person.footage is None:
            return PlainTextResponse("There is no such footage.", 404)
        return FileResponse(person.footage)


def _add_safety(app: FastAPI, host: str, password: str | None) -> None:
    @app.middleware("http")
    async def guarded(request: Request, call_next: Next) -> Response:
        if password is not None and not is_allowed(request.headers.get("authorization", ""), password):
            return PlainTextResponse(
                "The studio asks for its password.", 401, {"www-authenticate": f'Basic realm="{USER}"'}
            )
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    if is_loopback(host):
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=OWN_NAMES)
