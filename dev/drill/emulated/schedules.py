"""EventBridge Scheduler: its minutes are short, since a drill waits for what the schedules call."""

from ministack.services import eventbridge, scheduler

_SECONDS_OF_A_MINUTE = 5


def mend() -> None:
    seconds = eventbridge._parse_rate_seconds
    share = _SECONDS_OF_A_MINUTE / 60

    def shortened(rate: str) -> float | None:
        usual = seconds(rate)
        return None if usual is None else usual * share

    eventbridge._parse_rate_seconds = shortened
    scheduler._SCHEDULE_TICK_INTERVAL *= share  # how often it looks for what is due
