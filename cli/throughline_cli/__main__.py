"""`python -m throughline_cli`: the same as `throughline`."""

from throughline_cli.app import main

main()
