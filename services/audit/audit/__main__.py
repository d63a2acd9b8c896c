"""`python -m audit run|migrate|settings`."""

from audit.app import service

service.main()
