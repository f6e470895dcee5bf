"""Days and times as people read them."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
