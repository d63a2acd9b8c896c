"""The few keys that are trusted without being on the topic ``people``: founders, and portals that sign for sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from joserfc.jwk import OKPKey

from throughline.signed import key_of, kid_of


class TrustUnreadable(ValueError):
    """The file of founding keys does not say what it must. The sentence names the entry, never a key."""


@dataclass(frozen=True, slots=True)
class Founder:
    """May sign people as an operator would, while there are not two operators yet."""

    person_id: UUID
    key: OKPKey


@dataclass(frozen=True, slots=True)
class Trust:
    """Founders and portals by key id. Empty: nobody founds, and no portal signs for anybody."""

    founders: dict[str, Founder] = field(default_factory=dict)
    portals: dict[str, OKPKey] = field(default_factory=dict)
    is_sandbox: bool = True


def read_trust(path: Path | None, *, is_sandbox: bool) -> Trust:
    """``{"founders": [{"person_id", "kid", "public_key"}], "portals": [{"kid", "public_key"}]}``; None trusts nobody.

    Raises TrustUnreadable.
    """
    if path is None:
        return Trust(is_sandbox=is_sandbox)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        founders = {
            _kid(one): Founder(UUID(one["person_id"]), key_of(one["public_key"]))
            for one in found.get("founders", [])
        }
        portals = {_kid(one): key_of(one["public_key"]) for one in found.get("portals", [])}
    except OSError:
        raise TrustUnreadable(f"PEOPLE_FOUNDERS names {path}, which cannot be read.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TrustUnreadable(f"{path} does not list founders and portals with their public keys.") from None
    if len({founder.person_id for founder in founders.values()}) < len(founders):
        raise TrustUnreadable(f"{path} names one person for two founding keys.")
    return Trust(founders, portals, is_sandbox)


def _kid(entry: dict[str, str]) -> str:
    """An entry under another key's id would let a signature name one key and be checked by another."""
    if kid_of(key_of(entry["public_key"])) != entry["kid"]:
        raise ValueError("kid is not the key's thumbprint")
    return entry["kid"]
