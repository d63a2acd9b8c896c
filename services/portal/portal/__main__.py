"""`python -m portal run|migrate|settings`."""

from portal.app import service

service.main()
