"""``python -m validation run|migrate|settings``."""

from validation.app import service

service.main()
