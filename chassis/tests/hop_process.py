"""One hop of the chain as a process of its own, to be killed: ``hop_process.py <index> <prefix> <partitions>``."""

from __future__ import annotations

import sys

from chain_services import chain_topics, hop

if __name__ == "__main__":
    service = hop(int(sys.argv[1]), chain_topics(sys.argv[2], int(sys.argv[3])))
    sys.argv[1:] = ["run"]
    service.main()
