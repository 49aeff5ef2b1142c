"""How many examples: few and always the same, or as many as `make fuzz` asks for."""

import os

from hypothesis import HealthCheck, settings

COMMON = {
    "deadline": None,  # outcome.py has a budget of CPU time
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}
settings.register_profile("few", max_examples=200, derandomize=True, **COMMON)
settings.register_profile("many", max_examples=20_000, **COMMON)
settings.load_profile(os.environ.get("SKPOISON_FUZZ", "few"))
