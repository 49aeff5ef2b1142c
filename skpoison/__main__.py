"""``python -m skpoison`` is ``skpoison``."""

from skpoison.cli import main

main()
