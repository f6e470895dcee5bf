"""`python -m lambda_function`, the command line of operators: an entrypoint where Python looks for one."""

from lambda_function.bootstrap.cli import build_tools
from lambda_function.cli.program import main

if __name__ == "__main__":
    main(obj=build_tools(), prog_name="python -m lambda_function")
