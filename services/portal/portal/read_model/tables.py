"""The read model's tables by name, and the key of each. The columns stand in the migration."""

from __future__ import annotations

KEYS: dict[str, tuple[str, ...]] = {
    "payers": ("payer",),
    "partners": ("partner",),
    "payees": ("payee_id",),
    "payee_accounts": ("payee_id",),
    "authorisations": ("number",),
    "batches": ("batch_id",),
    "payments": ("payment_id",),
    "payment_items": ("payment_id", "request_id", "version"),
    "remittances": ("remittance_id",),
    "requests": ("request_id",),
    "versions": ("request_id", "version"),
    "answers": ("id",),
    "sent_records": ("topic", "partition", "offset"),
    "refusals": ("id",),
    "parked_records": ("topic", "partition", "offset"),
    "questions": ("question_id",),
    "draft_lives": ("draft_id",),
    "rule_sets": ("version",),
    "told": ("subject", "topic", "id"),
}
"""In the order in which a slice writes them, and so locks their rows."""
KEPT_AS_FIRST_TOLD = frozenset({"told"})
"""A message counts once: a second one under its id, whatever it says, changes nothing."""
