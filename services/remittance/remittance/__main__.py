"""``python -m remittance run|migrate|settings``."""

from remittance.app import service

service.main()
