"""One file of the bank into what it changes: the kind of its content says who takes it."""

from __future__ import annotations

from chassis import Context, NotSpeaking, Transaction
from payout.bank_answers import Acknowledgement, ReceivedList
from payout.bank_files import BankFile
from payout.camt053 import Movement
from payout.nacha import ReturnFile
from payout.posting import Posting
from payout.take_acknowledgement import acknowledge, compare_received
from payout.take_returns import take_returns
from payout.take_statement import settle
from throughline.payments import BatchClosed


async def post(
    tx: Transaction,
    context: Context,
    file: BankFile,
    content: Acknowledgement | ReceivedList | ReturnFile | list[Movement],
) -> None:
    """Post a whole file. What in it does not match is a finding; the rest is posted.

    After a restore it may speak of a batch that is not taken back yet: it waits for that. Raises NotSpeaking.
    """
    posting = Posting(tx, file)
    if isinstance(content, Acknowledgement):
        await acknowledge(posting, content)
    elif isinstance(content, ReceivedList):
        await compare_received(posting, content)
    elif isinstance(content, ReturnFile):
        await take_returns(posting, content, context.clock.today())
    else:
        await settle(posting, content)
    if posting.has_found and await context.said_before.is_unmade(tx.db, BatchClosed):
        raise NotSpeaking("a bank file does not match, and not every batch is known again")
    await posting.store()
