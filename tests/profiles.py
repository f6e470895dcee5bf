"""How many examples hypothesis tries: the usual number, or more with `--hypothesis-profile=full`."""

from hypothesis import HealthCheck, settings

USUAL = "usual"
FULL = "full"


def register() -> None:
    """Registers both profiles without deadlines, because the machine may be busy. A profile on the command line is
    loaded later.
    """
    settings.register_profile(USUAL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(FULL, settings.get_profile(USUAL), print_blob=True)
    settings.load_profile(USUAL)


def examples(usual: int, full: int) -> int:
    """Returns the number of examples for a test that is too slow for hypothesis's default."""
    return full if settings.get_current_profile_name() == FULL else usual
