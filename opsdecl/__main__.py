"""`python -m opsdecl` is the same command as `opsdecl`."""

from opsdecl.cli.main import main

if __name__ == "__main__":
    main()
