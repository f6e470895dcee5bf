"""What the runbook asks of a person between two blocks."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from dev.drill.database_action import CA_FILE, connect, run
from dev.drill.shell import BlockError
from lambda_function.db.logins import app_logins

_EXAMPLE: Final = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"https://\S+/visit/[\w-]+")
_QUIET_HOURS: Final = re.compile(r"quiet_hours: \{.*?\}")
_OWN_ADDRESS: Final = "you@example.com"
_TEMPORARY: Final = "Invited-2026-once"
_CHOSEN: Final = "Chosen-2026-by-hand"
_RELEASE: Final = '''"""A column that the next release will use.

Revises: {before}
"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clinic", sa.Column("drill", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("clinic", "drill")
'''

_COUNTRIES: Final = re.compile(r"^countries( =|:).*\n", re.MULTILINE)
_REGISTER: Final = "dentist-prod-register-pe"
# With what the runbook has defined before.
_ONLY_A_PHONE: Final = """
CALLED=$(api POST /users '{"full_name": "Only A Phone", "phone": "+51 984 000 001"}' | pick 'it["user_id"]')
SLOT=$(api GET "/availability?clinic_id=$CLINIC&treatment_id=$TREATMENT&$WEEK" |
    pick '"{doctor_id} {starts_at}".format(**it["items"][0])')
api POST /appointments "{\\"patient_id\\": $CALLED, \\"doctor_id\\": ${SLOT% *}, \\"treatment_id\\": $TREATMENT,
    \\"starts_at\\": \\"${SLOT#* }\\"}"
"""
# Everybody has heard of it already, so it tells nobody anything.
_FAILED_EVENT: Final = {
    "source": "dentist-appointments",
    "detail-type": "appointment.booked",
    "time": "2030-01-07T14:00:00Z",
    "detail": {
        "message_id": 1,
        "appointment_id": 1,
        "version": 1,
        "action": "BOOK",
        "from_status": None,
        "to_status": "BOOKED",
        "changed": [],
        "announce": True,
        "country": "PE",
        "clinic_id": 1,
        "doctor_id": 1,
        "starts_at": "2030-01-08T15:00:00Z",
        "at": "2030-01-07T14:00:00.123456Z",
    },
}


class Done(NamedTuple):
    """What a person then types into the commands of the block, and what the drill adds at their beginning."""

    typed: str = ""
    commands: str = ""


@dataclass(frozen=True)
class Scene:
    """The copy of the project in which the blocks run, and their environment."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> str:
        """Runs a program there and returns what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            command, cwd=self.folder, env=dict(self.environment), check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def output(self, name: str) -> str:
        return self.run("terraform", "-chdir=terraform", "output", "-raw", name)


def write_the_practice_file(scene: Scene) -> Done:
    """The file is the example of docs/practice.md, without quiet hours, in which no SMS would be sent."""
    example = _EXAMPLE.search((scene.folder / "docs" / "practice.md").read_text())
    practice, changed = _QUIET_HOURS.subn("quiet_hours: null", example[1] if example else "")
    if not changed:
        raise LookupError("docs/practice.md has no example of a practice file with quiet hours.")
    (scene.folder / "practice.yaml").write_text(practice)
    return Done()


def read_the_invitation(scene: Scene) -> Done:
    """The emulator sends no mail, so the password of the invitation is set to one that is known. The keys that verify
    a token come from the emulator too, since pycognito would fetch them from AWS itself.
    """
    pool = scene.output("cognito_user_pool_id")
    account = ["--user-pool-id", pool, "--username", "carmen"]
    scene.run("aws", "cognito-idp", "admin-set-user-password", *account, "--password", _TEMPORARY, "--no-permanent")
    keys = scene.run("curl", "--silent", f"{scene.environment['AWS_ENDPOINT_URL']}/{pool}/.well-known/jwks.json")
    return Done(f"{_TEMPORARY}\n{_TEMPORARY}\n{_CHOSEN}\n", f"export COGNITO_JWKS={shlex.quote(keys)}\n")


def check_out_the_release(scene: Scene) -> Done:
    """The release is the present code with a migration more."""
    folder = scene.folder / "migrations" / "versions"
    before = max(path.stem[:4] for path in folder.glob("[0-9]*.py"))
    revision = f"{int(before) + 1:04}"
    (folder / f"{revision}_drill.py").write_text(_RELEASE.format(before=before, revision=revision))
    schema = scene.folder / "lambda_function" / "db" / "repositories" / "schema.py"
    schema.write_text(schema.read_text().replace(f'"{before}"', f'"{revision}"'))
    scene.run("git", "add", "migrations")
    return Done()


def manage_people(scene: Scene) -> Done:
    """Somebody signs up, and operators do to that account whatever they may do to accounts. So every call to the user
    pool is made once with the rights of its function.
    """
    client, pool, operator = (
        scene.output(name) for name in ("cognito_client_id", "cognito_user_pool_id", "operator_function")
    )
    account = ["--username", "sofia", "--password", _CHOSEN, "--user-attributes", "Name=email,Value=sofia@example.org"]
    scene.run("aws", "cognito-idp", "sign-up", "--client-id", client, *account)
    scene.run("aws", "cognito-idp", "admin-confirm-sign-up", "--user-pool-id", pool, "--username", "sofia")
    for action in ("users.deactivate", "users.activate", "erase-person"):
        event = json.dumps({"action": action, "arguments": {"user_name": "sofia"}})
        invocation = ["--function-name", operator, "--cli-binary-format", "raw-in-base64-out", "--payload", event]
        answer = scene.run("aws", "lambda", "invoke", *invocation, "/dev/stdout")
        if '"ok": true' not in answer:
            raise BlockError(answer)
    return Done()


def book_for_somebody_with_a_phone(_: Scene) -> Done:
    """So an SMS is sent as well, while the block after this one waits."""
    return Done(commands=_ONLY_A_PHONE)


def read_the_email(scene: Scene) -> Done:
    """The link is in the last e-mail to the address of the runbook."""
    kept = scene.run("curl", "--silent", f"{scene.environment['AWS_ENDPOINT_URL']}/_ministack/ses/messages")
    mails = [mail for account in json.loads(kept)["messages"].values() for mail in account]
    texts = [mail["BodyText"] for mail in mails if mail["To"] == [_OWN_ADDRESS]]
    link = _LINK.search(texts[-1]) if texts else None
    if link is None:
        raise BlockError(f"There is no e-mail with a link to {_OWN_ADDRESS}.")
    return Done(f"{link[0]}\n")


def leave_an_event_that_failed(scene: Scene) -> Done:
    """A message gets there by failing five times, with minutes in between."""
    queue = scene.run(
        "aws", "sqs", "get-queue-url", "--queue-name", "dentist-prod-notifications-dead", "--output", "text"
    )
    scene.run("aws", "sqs", "send-message", "--queue-url", queue, "--message-body", json.dumps(_FAILED_EVENT))
    return Done()


def choose_countries(value: str) -> Callable[[Scene], Done]:
    """Returns what writes the variable `countries` into prod.tfvars, in place of what it was."""
    return _write_last(Path("terraform/environments/prod.tfvars"), f"countries = {value}\n")


def practise_in(codes: str) -> Callable[[Scene], Done]:
    """Returns what names these countries in the practice file, in place of others."""
    return _write_last(Path("practice.yaml"), f"countries: {codes}\n")


def _write_last(name: Path, line: str) -> Callable[[Scene], Done]:
    def write(scene: Scene) -> Done:
        file = scene.folder / name
        file.write_text(_COUNTRIES.sub("", file.read_text()) + line)
        return Done()

    return write


def take_rights_in_the_register(scene: Scene) -> Done:
    """So the register refuses every visit, until its users get their rights again."""
    state = Path(scene.environment["DRILL_STATE"])
    names = json.loads((state / "names.json").read_text())
    [place] = [names[name] for name in names if name.startswith(f"{_REGISTER}.")]
    servers = json.loads((state / "servers.json").read_text())
    [url] = [server["url"] for server in servers if [server["address"], server["port"]] == place]
    with connect(url, state / CA_FILE) as server:
        for user in app_logins("register"):
            run(server, f"REVOKE INSERT ON register.visit FROM '{user}'@'%'")
    return Done()


ACTIONS: Final[dict[str, Callable[[Scene], Done]]] = {
    "write the practice file": write_the_practice_file,
    "read the invitation": read_the_invitation,
    "check out the release": check_out_the_release,
    "manage people": manage_people,
    "somebody wants SMS": book_for_somebody_with_a_phone,
    "read the e-mail": read_the_email,
    "an event has failed": leave_an_event_that_failed,
    "name the country": choose_countries("{ PE = {} }"),
    "name the country in the practice file": practise_in("[PE]"),
    "the register refuses": take_rights_in_the_register,
    "give the country another server": choose_countries("{ PE = { servers = [1, 2] } }"),
    "leave the former server": choose_countries("{ PE = { servers = [2] } }"),
    "take the country out of the practice file": practise_in("[]"),
    "take the country away": choose_countries("{}"),
}
