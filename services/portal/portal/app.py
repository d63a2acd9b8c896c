"""The portal: people's pages over what every topic says, and their commands. Wiring only."""

from __future__ import annotations

from chassis import Service
from portal.pages import routers
from portal.read_model.hears import HEARS
from portal.resources import open_resources
from portal.settings import Settings
from portal.site import dress

service = Service(
    name="portal",
    settings=Settings,
    hears=HEARS,
    api=routers(),
    start=open_resources,
    dress=dress,
)
