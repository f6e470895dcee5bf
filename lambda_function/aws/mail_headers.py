"""How the headers of a mail are written: in short lines of ASCII from which every program reads what was meant."""

from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

_LINE_END = "\r\n"
# RFC 5322 asks for lines of at most 78 characters, and RFC 2047 for encoded words of at most 75.
_LONGEST_LINE = 78
_LONGEST_ENCODED = 75
_LONGEST_WORD = 60
# Python's own folding would break a long address, or encode it, and no program would follow it.
_WHOLE = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post"})


class MailPolicy(EmailPolicy):
    """Writes mails as SES takes them, in lines of seven-bit characters.

    Subjects and names are folded here. Python's own folding leaves the first line empty if all words fit into the
    second, loses the quotation marks of a long name, and makes encoded words that are longer than RFC 2047 allows.
    """

    def __init__(self) -> None:
        super().__init__(linesep=_LINE_END, cte_type="7bit", message_factory=EmailMessage)

    def fold_binary(self, name: str, value: Any) -> bytes:
        if isinstance(value, AddressHeader):
            written = f",{_LINE_END} ".join(_address(name, each) for each in value.addresses)
        elif name == "Subject":
            written = _text(name, str(value))
        elif name in _WHOLE:
            written = str(value)
        else:
            return super().fold_binary(name, value)
        return f"{name}: {written}{_LINE_END}".encode("ascii")


def _address(header: str, address: Address) -> str:
    written = str(address)
    if not address.display_name or (written.isascii() and len(f"{header}: {written}") <= _LONGEST_LINE):
        return written
    return f"{_encoded(header, address.display_name)}{_LINE_END} <{address.addr_spec}>"


def _text(header: str, text: str) -> str:
    """Returns the text itself if it can be folded between its words."""
    if text.isascii() and all(len(word) <= _LONGEST_WORD for word in text.split(" ")):
        return Header(text, header_name=header).encode(linesep=_LINE_END)
    return _encoded(header, text)


def _encoded(header: str, text: str) -> str:
    return Header(text, "utf-8", _LONGEST_ENCODED, header).encode(linesep=_LINE_END)
