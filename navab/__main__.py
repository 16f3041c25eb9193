"""`python -m navab` is the console script."""

from navab.cli import main

main()
