"""One file of the bank into what it changes: the kind of its content says who takes it."""

from __future__ import annotations

from chassis import Context, Transaction
from payout.bank_answers import Acknowledgement, ReceivedList
from payout.bank_files import BankFile
from payout.camt053 import Movement
from payout.nacha import ReturnFile
from payout.posting import Posting
from payout.take_acknowledgement import acknowledge, compare_received
from payout.take_returns import take_returns
from payout.take_statement import settle


async def post(
    tx: Transaction,
    context: Context,
    file: BankFile,
    content: Acknowledgement | ReceivedList | ReturnFile | list[Movement],
) -> None:
    """Post a whole file. What in it does not match is a finding; the rest is posted."""
    posting = Posting(tx, file)
    if isinstance(content, Acknowledgement):
        await acknowledge(posting, content)
    elif isinstance(content, ReceivedList):
        await compare_received(posting, content)
    elif isinstance(content, ReturnFile):
        await take_returns(posting, content, context.clock.today())
    else:
        await settle(posting, content)
    await posting.store()
