"""`python -m payout run|migrate|settings`."""

from payout.app import service

service.main()
