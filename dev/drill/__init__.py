"""The drill: every command block of docs/operations.md, in order, against an emulator of AWS on this machine.

`python -m dev.drill` (see `make drill`) starts a MySQL with TLS (databases.py) and the emulator (emulator.py), copies
the project into build/drill/project, and runs the blocks (blocks.py) there in one bash (shell.py).
"""
