"""The routes of the service: one module with one blueprint for each concern."""
