"""`python -m node` is the command `mkutano`."""

from node.cli import main

if __name__ == "__main__":
    main()
