"""NACHA files: written and read in integer cents and fixed 94-character records.

The codec refuses and never cuts. What cannot be encoded is an answer (`Unencodable`, a field and a
reason), so that one
entry cannot stop the others; what cannot be trusted when read is a `NachaRefused` with line and field.
Source of the layout: Nacha Operating Rules, appendix three, ACH record format specifications.
"""

from payout.nacha.encode import BatchFacts, Entry, FileFacts, encode_entry
from payout.nacha.errors import Fault, NachaRefused, Unencodable
from payout.nacha.frame import Frame
from payout.nacha.read import read_records
from payout.nacha.records import Addenda, BatchControl, BatchHeader, EntryDetail, FileControl, FileHeader
from payout.nacha.returns import NotificationOfChange, ReturnedEntry, ReturnFile, read_return_file
from payout.nacha.routing import is_routing_number
from payout.nacha.write import FileTotals, FileWriter

__all__ = [
    "Addenda",
    "BatchControl",
    "BatchFacts",
    "BatchHeader",
    "Entry",
    "EntryDetail",
    "Fault",
    "FileControl",
    "FileFacts",
    "FileHeader",
    "FileTotals",
    "FileWriter",
    "Frame",
    "NachaRefused",
    "NotificationOfChange",
    "ReturnFile",
    "ReturnedEntry",
    "Unencodable",
    "encode_entry",
    "is_routing_number",
    "read_records",
    "read_return_file",
]
