"""How hard hypothesis tries: as usual, or `--hypothesis-profile=full`."""

from hypothesis import HealthCheck, settings

USUAL = "usual"
FULL = "full"


def register() -> None:
    """Both without deadlines, for a machine that may be busy with other things. A profile named on the command line is
    loaded after this.
    """
    settings.register_profile(USUAL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(FULL, settings.get_profile(USUAL), print_blob=True)
    settings.load_profile(USUAL)


def examples(usual: int, full: int) -> int:
    """How many for a test that is too slow for hypothesis's own number."""
    return full if settings.get_current_profile_name() == FULL else usual
