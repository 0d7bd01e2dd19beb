"""``python -m gen``: the command, where the script is not in PATH."""

from gen.cli.main import run

if __name__ == "__main__":
    run()
