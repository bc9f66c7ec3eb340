"""The application of the service, without its server: what another server would run instead."""

from inkdigits.api import Settings, Shelf, create_app

settings = Settings()
app = create_app(Shelf(settings.models), settings)
