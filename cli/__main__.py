"""`python -m cli` is the `retail` command."""

from cli.main import main

main()
