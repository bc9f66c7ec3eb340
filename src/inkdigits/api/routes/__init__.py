"""The routes of the service: one module, and one blueprint, for each concern."""
