"""An HTTP API for people and tools of ours, behind one bearer token. A live stack does not start without it."""

from __future__ import annotations

from secrets import compare_digest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field, SecretStr, model_validator

from chassis.context import Context
from chassis.settings import ServiceSettings


class GuardedSettings(ServiceSettings):
    """Settings of a service whose API is guarded."""

    api_token: SecretStr | None = Field(
        None, description="bearer token that the HTTP API asks for; a live stack must set it"
    )

    @model_validator(mode="after")
    def _live_is_closed(self) -> GuardedSettings:
        if self.stack_mode == "live" and self.api_token is None:
            raise ValueError(
                "API_TOKEN must be set where STACK_MODE is live: the API shows who was paid what"
            )
        return self


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(context_of)]
"""The type of a route's parameter that is the service's context."""


def must_know_the_token(context: InContext, request: Request) -> None:
    """401 unless the request bears the token, where one is set."""
    token: SecretStr | None = context.settings.api_token
    if token is None:
        return
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), token.get_secret_value().encode()):
        raise HTTPException(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})


def guarded_router(**options: Any) -> APIRouter:
    """A router under ``/v1`` whose every route asks for the token."""
    return APIRouter(prefix="/v1", dependencies=[Depends(must_know_the_token)], **options)
