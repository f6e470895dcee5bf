"""Operators' commands by the clock of the local stack: `python -m dev.operator_program`, started by dev.operator."""

from dev.clock import stack_clock
from lambda_function.bootstrap.cli import build_tools
from lambda_function.cli.program import main

if __name__ == "__main__":
    main(obj=build_tools(stack_clock()), prog_name="python -m lambda_function")
