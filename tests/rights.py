"""Who may do what, and who may see what, as agreed. Both tables are written a second time here, so that no cell is
widened by mistake: the production tables are compared with them (unit/domain/test_permissions.py), and the matrix
computes the expected status of every route from them (api/test_matrix.py), without asking production.

ALL is everything. OWN is what the caller takes part in, as the patient or as the doctor. CLINIC is what belongs to a
clinic in which the caller works.
"""

from collections.abc import Mapping

Table = Mapping[str, Mapping[str, str]]


def _cells(table: str) -> Table:
    header, *rows = [line.split() for line in table.strip().splitlines()]
    return {name: dict(zip(header, row, strict=True)) for name, *row in rows}


MAY = _cells("""
                      PATIENT  DOCTOR  RECEPTIONIST
READ_OWN_PROFILE      OWN      OWN     OWN
READ_CATALOGUE        ALL      ALL     ALL
READ_PEOPLE           ALL      ALL     ALL
READ_DEACTIVATED      NONE     NONE    ALL
CREATE_PATIENT        NONE     NONE    ALL
CHANGE_OWN_PROFILE    OWN      OWN     OWN
CHANGE_PATIENT        NONE     NONE    ALL
DEACTIVATE_PATIENT    NONE     NONE    ALL
REACTIVATE_PATIENT    NONE     NONE    ALL
CREATE_LINK_CODE      NONE     NONE    ALL
LINK_ACCOUNT          OWN      NONE    NONE
READ_GUARDIANS        NONE     NONE    ALL
SET_GUARDIANS         NONE     NONE    ALL
READ_APPOINTMENTS     ALL      ALL     ALL
BOOK                  OWN      OWN     CLINIC
BOOK_BY_NAME          NONE     NONE    CLINIC
CHOOSE_CHAIR          NONE     OWN     CLINIC
MOVE                  OWN      OWN     CLINIC
NOTE                  OWN      OWN     CLINIC
NOTE_INTERNALLY       NONE     OWN     CLINIC
OVERRIDE_HOURS        NONE     NONE    CLINIC
CANCEL                OWN      OWN     CLINIC
CONFIRM               NONE     OWN     CLINIC
CHECK_IN              NONE     NONE    CLINIC
COMPLETE              NONE     OWN     NONE
MARK_NO_SHOW          NONE     OWN     CLINIC
READ_HISTORY          OWN      OWN     CLINIC
SET_HOURS             NONE     OWN     CLINIC
SEE_TIME_OFF          NONE     OWN     CLINIC
SET_TIME_OFF          NONE     OWN     CLINIC
WAIT                  OWN      NONE    CLINIC
SHARE_CALENDAR        OWN      OWN     OWN
READ_NOTIFICATIONS    OWN      NONE    CLINIC
REMIND                NONE     NONE    CLINIC
CONFIRM_ATTENDANCE    OWN      NONE    CLINIC
FIND_BY_REGISTRATION  NONE     OWN     CLINIC
REGISTER              NONE     NONE    CLINIC
READ_RECALLS          OWN      CLINIC  CLINIC
READ_RECALL_HISTORY   NONE     CLINIC  CLINIC
EXPORT_RECALLS        NONE     NONE    CLINIC
SET_RECALLS           NONE     CLINIC  CLINIC
""")
SEES = _cells("""
                 PATIENT  DOCTOR  RECEPTIONIST
CATALOGUE        ALL      ALL     ALL
PATIENT          OWN      CLINIC  CLINIC
DOCTOR           ALL      ALL     CLINIC
RECEPTIONIST     NONE     NONE    OWN
CONTACT          OWN      OWN     ALL
PERSON_HISTORY   NONE     NONE    NONE
PERSON_WORD      NONE     NONE    NONE
APPOINTMENT      OWN      OWN     CLINIC
HISTORY          OWN      OWN     CLINIC
TIME_OFF         NONE     OWN     CLINIC
WAITLIST         OWN      NONE    CLINIC
CALENDAR_ACCESS  OWN      OWN     OWN
IDEMPOTENCY_KEY  OWN      OWN     OWN
LINK_CODE        NONE     NONE    NONE
LINK             NONE     NONE    NONE
REFUSALS         NONE     NONE    NONE
CLAIM            NONE     NONE    NONE
MESSAGE          NONE     NONE    NONE
FREED_TIME       NONE     NONE    NONE
IDENTIFIER       OWN      OWN     CLINIC
GUARDIAN         OWN      NONE    CLINIC
PATIENT_IMPORT   NONE     NONE    NONE
NOTIFICATION     OWN      NONE    CLINIC
RECALL           OWN      CLINIC  CLINIC
RECALL_HISTORY   NONE     CLINIC  CLINIC
""")


def reaches(reach: str, *, own: bool, clinic: bool) -> bool:
    """Returns whether a cell allows a target that is, or is not, the caller's own or of the caller's clinics."""
    return {"NONE": False, "OWN": own, "CLINIC": clinic, "ALL": True}[reach]
