"""Property tests here are judged by what they find, not by how busy the machine is."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
