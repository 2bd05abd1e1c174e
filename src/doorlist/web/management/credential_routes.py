"""Routes of credentials: the tokens of the directory, and the keys of programs like the one that asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from doorlist.service import clock, keys, rotation, tokens
from doorlist.service.tokens import Minted
from doorlist.web.management.asked import SECURED, ReadsOrganization, WritesOrganization
from doorlist.web.management.door import holds_secret
from doorlist.web.management.shapes.basic_shapes import Page
from doorlist.web.management.shapes.organization_shapes import (
    KeyShape,
    KeyWish,
    NewKeyShape,
    NewToken,
    TokenShape,
    TokenWish,
)

router = APIRouter(tags=["tokens and keys"], dependencies=[SECURED])


@router.get("/tokens", summary="List the directory's tokens")
async def list_tokens(asked: ReadsOrganization) -> Page[TokenShape]:
    """Every token by its visible start, in the order of their making, with its state."""
    now = clock.now()
    found = [TokenShape(**_told(token, TokenShape, now)) for token in await tokens.list_tokens(*asked.who)]
    return Page[TokenShape](items=found, next=None)


@router.post("/tokens", status_code=201, summary="Create a token for the directory")
async def create_token(asked: WritesOrganization, wish: TokenWish, response: Response) -> NewToken:
    """The token is in the answer, this once. Several live side by side, so that rotation has no gap."""
    made = await tokens.create_token(*asked.who, label=wish.label, expires_days=wish.expires_days, scopes=wish.scopes)
    return _new_token(made, response)


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token")
async def revoke_token(asked: WritesOrganization, token_id: UUID) -> None:
    """The token opens nothing from now on, in any process."""
    await tokens.revoke_token(*asked.who, str(token_id))


@router.post("/tokens/{token_id}/rotate", status_code=201, summary="Start to replace a token")
async def rotate_token(asked: WritesOrganization, token_id: UUID, response: Response) -> NewToken:
    """Makes a like token beside the old one; put it into the directory, then complete the rotation."""
    return _new_token(await rotation.start_rotation(*asked.who, str(token_id), expires_days=None), response)


@router.post("/tokens/{token_id}/rotate-complete", status_code=204, summary="Complete a rotation")
async def complete_rotation(asked: WritesOrganization, token_id: UUID, *, force: bool = False) -> None:
    """Revokes the old token, once the directory has used the new one; with `force` even if it has not."""
    await rotation.complete_rotation(*asked.who, str(token_id), force=force)


@router.post("/tokens/{token_id}/rotate-cancel", status_code=204, summary="Cancel a rotation")
async def cancel_rotation(asked: WritesOrganization, token_id: UUID) -> None:
    """Revokes the new token; the old one stays."""
    await rotation.cancel_rotation(*asked.who, str(token_id))


@router.get("/keys", summary="List the keys of programs")
async def list_keys(asked: ReadsOrganization) -> Page[KeyShape]:
    """Every key by its visible start, in the order of their making, with its state."""
    now = clock.now()
    found = [KeyShape(**_told(key, KeyShape, now)) for key in await keys.list_keys(*asked.who)]
    return Page[KeyShape](items=found, next=None)


@router.post("/keys", status_code=201, summary="Create a key for a program")
async def create_key(asked: WritesOrganization, wish: KeyWish, response: Response) -> NewKeyShape:
    """The key is in the answer, this once. It gets no scope that the key in use has not."""
    holds_secret(response)
    made = await keys.create_key(
        *asked.who,
        label=wish.label,
        scopes=wish.scopes or sorted(asked.program.scopes),
        expires_days=wish.expires_days,
        user_id=wish.user_id,
        within=asked.program.scopes,
    )
    return NewKeyShape(
        id=made.id,
        label=made.label,
        key=made.text,
        scopes=list(made.scopes),
        user_id=made.user_id,
        expires_at=made.expires_at,
    )


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke a key")
async def revoke_key(asked: WritesOrganization, key_id: UUID) -> None:
    """The key opens nothing from now on."""
    await keys.revoke_key(*asked.who, str(key_id))


def _new_token(made: Minted, response: Response) -> NewToken:
    holds_secret(response)
    return NewToken(id=made.id, label=made.label, token=made.text, scopes=list(made.scopes), expires_at=made.expires_at)


def _told(credential: Any, shape: type[TokenShape] | type[KeyShape], now: datetime) -> dict[str, Any]:
    """The attributes of a credential that a shape has, and its state at a moment."""
    fields = shape.model_fields.keys() - {"state"}
    return {name: getattr(credential, name) for name in fields} | {"state": credential.state(now)}
