"""`python -m portal run|migrate|settings|rebuild`."""

import sys

from portal.app import service
from portal.read_model.rebuild import rebuild

if sys.argv[1:] == ["rebuild"]:
    rebuild(service.settings())
else:
    service.main()
