"""The service's HTTP API, in the same process: its routes, and /live, /ready, /idle, /metrics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

import asyncpg
import uvicorn
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.context import Context
from chassis.database import is_away
from chassis.health import Health
from chassis.metrics import REGISTRY
from chassis.outbox import NotSpeaking

logger = logging.getLogger("chassis.http")


def build_app(
    name: str,
    routers: Iterable[APIRouter],
    context: Context,
    health: Health,
    dress: Callable[[FastAPI], None] | None = None,
) -> FastAPI:
    """Routes reach the context as ``request.app.state.context``; ``dress`` is given the app last of all."""
    app = FastAPI(title=f"Throughline {name}", docs_url=None, redoc_url=None)
    app.state.context = context

    @app.get("/live", include_in_schema=False)
    async def live() -> JSONResponse:
        return _answer(health.why_not_live())

    @app.get("/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        return _answer(await health.why_not_ready())

    @app.get("/idle", include_in_schema=False)
    async def idle() -> JSONResponse:
        return JSONResponse(await health.idle())

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(asyncpg.PostgresError)
    @app.exception_handler(asyncpg.InterfaceError)
    @app.exception_handler(asyncpg.InternalClientError)
    @app.exception_handler(KafkaError)
    @app.exception_handler(OSError)  # of which TimeoutError is one
    async def away(request: object, error: Exception) -> JSONResponse:
        """What time can cure is no fault of the caller's or of ours: it is asked again, with the same key."""
        if not is_away(error):
            raise error
        logger.warning("a call could not be answered: %s", type(error).__name__)
        problem = {"title": "The database or the broker does not answer; try again.", "status": 503}
        return JSONResponse(problem, 503, {"Retry-After": "1"}, "application/problem+json")

    @app.exception_handler(NotSpeaking)
    async def held(request: object, error: NotSpeaking) -> JSONResponse:
        problem = {"title": "The service is held until its database is repaired.", "status": 503}
        return JSONResponse(problem, 503, {"Retry-After": "30"}, "application/problem+json")

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: object, error: RequestValidationError) -> JSONResponse:
        # The framework's own answer, and its sentences, repeat what was sent.
        problems = [
            {"field": ".".join(str(step) for step in one["loc"]), "detail": one["type"]}
            for one in error.errors()
        ]
        problem = {"title": "The call is not as this API says.", "status": 422, "problems": problems}
        return JSONResponse(problem, 422, media_type="application/problem+json")

    for router in routers:
        app.include_router(router)
    if dress is not None:
        dress(app)
    return app


def _answer(reasons: list[str]) -> JSONResponse:
    return JSONResponse({"ok": not reasons, "reasons": reasons}, 503 if reasons else 200)


class Server(uvicorn.Server):
    """uvicorn without its own signal handling: the service drains in its own order."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,
            )
        )

    def install_signal_handlers(self) -> None:
        return None

    async def serve_in_background(self) -> asyncio.Task[None]:
        """Returns once it listens. Raises OSError where the port is taken."""
        task = asyncio.create_task(self._listen(), name="http")
        while not self.started:
            if task.done():
                raise OSError(
                    f"nothing can listen on {self.config.host}:{self.config.port}; is the port taken?"
                )
            await asyncio.sleep(0.01)
        return task

    async def _listen(self) -> None:
        try:
            await self._serve()
        except SystemExit:
            return  # uvicorn's way of saying that the port is taken
