"""`python -m boneage`, the same as the command."""

from boneage.cli import main

main()
