"""The addresses of pages. They are the only places that hold the tokens of links."""

PATH = "/visit/"


def address_of(public_url: str, token: str) -> str:
    """Returns the address of the page that the token opens, given the address that people see."""
    return f"{public_url}{PATH}{token}"
