"""`python -m intake run|migrate|settings`."""

from intake.app import service

service.main()
