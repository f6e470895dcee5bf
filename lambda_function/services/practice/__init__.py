"""The practice as operators declare it: the content of a file, its difference from the current practice, and its
application.
"""
