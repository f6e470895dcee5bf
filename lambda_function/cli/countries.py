"""`countries`: the registers of visits that countries have."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict

import click

from lambda_function.cli.command import Exit, JsonGroup, Output, Tools, progress_of, refusal
from lambda_function.domain.errors import DomainError, UnavailableError
from lambda_function.services.event_fields import LAST_ID
from lambda_function.services.operators.countries import Findings, compare
from lambda_function.services.operators.countries import redrive as move_back

# People read so many ids and days of a kind, and the others by their number. All of them are in the document.
MOST_SHOWN = 100
_LETTERS = 2


def _code(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Returns the code of a country as the rest of the service writes it."""
    if len(value) != _LETTERS or not (value.isascii() and value.isalpha()):
        raise click.BadParameter("Give the code of a country, two letters such as PE.")
    return value.upper()


@click.group(cls=JsonGroup)
def countries() -> None:
    """Check and repair the registers of countries.

    COUNTRY_PREFIX says what their functions and queues are called. No database is needed here.
    """


@countries.command()
@click.argument("country", callback=_code)
@click.pass_obj
def redrive(tools: Tools, country: str) -> Output:
    """Move the messages of a country's dead-letter queue back into its queue.

    They are those whose registration has failed ten times. Do this when what was wrong is mended. What arrives in the
    dead-letter queue meanwhile stays there. If this is stopped, run it again: at worst a visit is registered twice,
    which changes nothing.
    """
    letters = tools.dead_letters(country)
    waiting = letters.count()
    moved = 0
    with progress_of(waiting, "Moving") as bar:
        try:
            for number in move_back(letters, waiting):
                moved += number
                bar.update(number)
        except UnavailableError as error:
            detail = f"{error.detail} {_messages(moved)} moved back before. Run the command again to move the others."
            raise UnavailableError(detail) from None
    return Output({"country": country, "moved": moved}, f"{_messages(moved)} moved back into the queue of {country}.")


@countries.command()
@click.argument("country", callback=_code)
@click.option("--repair", is_flag=True, help="Make the register say what the main database says.")
@click.option("--after", type=click.IntRange(0, LAST_ID), default=0, help="Begin behind the visit with this id.")
@click.pass_obj
def check(tools: Tools, country: str, *, repair: bool, after: int) -> Output:
    """Compare a country's register with the main database.

    A visit is `missing` in the register, `behind` or `ahead` of the main database's version, `different` although the
    version is the same, or an `orphan`, which the main database does not have in this country. `untold` ones are
    registered, and the main database does not know it. Visits whose message is still on its way are listed, and are no
    differences; --repair brings them into the register as well. The exit code is 1 if differences remain. If this is
    stopped, or a database is away, it says with which --after to go on.
    """
    found = Findings(after)
    last_id = 0
    try:
        with progress_of(0, "Comparing") as bar:
            for part in compare(tools.register(country), found, repair=repair):
                last_id = part.last_id
                # The length is known only now, and grows while people book.
                bar.length = max(part.last_id - after, 1)
                bar.update((part.after or part.last_id) - after - bar.pos)
    except (DomainError, KeyboardInterrupt) as error:
        return _stopped(country, found, error, repair=repair)
    if after > last_id and not found.visits and not found.registered:
        detail = f"There is nothing beyond {after}: the greatest id of a visit is {last_id}. Give a smaller --after."
        raise click.BadParameter(detail, param_hint="--after")
    total = f"Differences that remain: {found.left:,}." if found.left else "The register agrees."
    code = Exit.REFUSED if found.left else Exit.DONE
    return Output({"country": country, **asdict(found)}, "\n".join([*_lines(country, found), total]), code)


def _stopped(country: str, found: Findings, error: DomainError | KeyboardInterrupt, *, repair: bool) -> Output:
    """Returns what was found before, and how to go on."""
    when = " when that is over"
    if not isinstance(error, DomainError):
        when = ""
        error = UnavailableError("The comparison was interrupted.")
    command = f"countries check {country}{' --repair' if repair else ''} --after {found.after}"
    document = {"error": {"code": error.code, **vars(error)}, "country": country, **asdict(found)}
    text = "\n".join(_lines(country, found)) if found.visits or found.registered else ""
    return Output(document, text, Exit.REFUSED, f"{refusal(error)}\nTo go on{when}, run: {command}")


def _lines(country: str, found: Findings) -> Iterator[str]:
    yield f"{country} has {found.visits:,} visits, and its register has {found.registered:,}."
    kinds: dict[str, list[int]] = defaultdict(list)
    for difference in found.differences:
        kinds[difference["kind"]].append(difference["appointment_id"])
    kinds["untold"] = found.untold
    for kind, ids in sorted(kinds.items()):
        if ids:
            yield f"{kind}, {len(ids):,}: {_shown([str(each) for each in ids])}"
    if found.days:
        days = [f"{day} ({each['visits']}, {each['registered']})" for day, each in sorted(found.days.items())]
        yield f"Days with other numbers (visits, registered): {_shown(days)}"
    if found.on_their_way:
        yield f"On their way: {_shown([str(each) for each in found.on_their_way])}"
    if found.repaired:
        yield f"Repaired: {found.repaired:,}."


def _shown(items: list[str]) -> str:
    more = [f"and {len(items) - MOST_SHOWN:,} more"] if len(items) > MOST_SHOWN else []
    return ", ".join(items[:MOST_SHOWN] + more)


def _messages(number: int) -> str:
    return f"{number:,} message was" if number == 1 else f"{number:,} messages were"
