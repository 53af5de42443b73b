"""``python -m adequate.cli``."""

from adequate.cli import main

main()
