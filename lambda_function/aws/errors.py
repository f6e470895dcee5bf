"""What errors of AWS are called in logs and messages."""

from botocore.exceptions import BotoCoreError, ClientError


def error_code(error: BotoCoreError | ClientError) -> str:
    """Returns the code that AWS gave, or the kind of an error that left it without an answer. The text of an error may
    quote what was sent.
    """
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
