"""How many examples: few and always the same, or as many as `SKPOISON_FUZZ` asks for.

That is "many", as `make fuzz` has it, or a number.
"""

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
wanted = os.environ.get("SKPOISON_FUZZ", "few")
if wanted.isdecimal():
    settings.register_profile(wanted, max_examples=int(wanted), **COMMON)
settings.load_profile(wanted)
