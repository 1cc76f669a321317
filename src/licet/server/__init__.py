"""The registry service: a Django project, and the only place of licet that imports Django."""
