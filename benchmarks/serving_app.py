"""The service's application without its server, to run it under other servers."""

from inkdigits.api import ModelRegistry, Settings, create_app

settings = Settings()
app = create_app(ModelRegistry(settings.models), settings)
