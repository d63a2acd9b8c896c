"""Where `throughline` begins, by name or by module: Ctrl-C while Python still reads the commands is no fault."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from throughline_cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
