"""`python -m selfalign`: the same as the `selfalign` command."""

from selfalign.cli import main

if __name__ == "__main__":
    main()
