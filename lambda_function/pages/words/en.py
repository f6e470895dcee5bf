"""The words in English."""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # What a page is about. It stands in the places {visit} below.
        "visit": "your appointment",
        "visit_guardian": "the appointment of {patient}",
        "booked": "{visit} is booked",
        "attending": "Your attendance is confirmed",
        "attending_guardian": "The attendance of {patient} is confirmed",
        "requested": "{visit} is waiting for our confirmation",
        "cancelled": "{visit} is cancelled",
        "checked_in": "You are checked in",
        "checked_in_guardian": "{patient} is checked in",
        "closed": "{visit} is over",
        "offered": "An appointment has become available for you",
        "offered_guardian": "An appointment has become available for {patient}",
        "moved": "{visit} has been changed",
        # What a person may want to know next.
        "please_confirm": "Please confirm that you are coming.",
        "please_confirm_guardian": "Please confirm that {patient} is coming.",
        "expecting": "We look forward to seeing you.",
        "expecting_guardian": "We look forward to your visit.",
        "thank_you": "Thank you for letting us know. We look forward to seeing you.",
        "thank_you_guardian": "Thank you for letting us know. We look forward to your visit.",
        "will_tell": "We will let you know as soon as it is confirmed.",
        "moved_to": "This is the new time. We look forward to seeing you.",
        "moved_to_guardian": "This is the new time. We look forward to your visit.",
        "moved_to_request": "This is the new time. We still have to confirm it, and will let you know.",
        "done_cancelling": "Thank you for letting us know. You do not need to do anything else.",
        "come_again": "Would you like another appointment? Choose a time below.",
        "is_free": "If it suits you, please accept it soon: somebody else may take it.",
        "in_utc": "The time above is not the clinic's local time. Please {reach} to ask for the right time.",
        "at": "at {time}",
        # How to reach the clinic. It stands in the places {reach}.
        "call": "call us on {phone}",
        "write": "write to us at {email}",
        "ask": "get in touch with us",
        # What can be done.
        "confirm": "Confirm that you are coming",
        "confirm_guardian": "Confirm that {patient} is coming",
        "move": "Change the time or doctor",
        "move_now": "Change the appointment",
        "cancel": "Cancel the appointment",
        "cancel_means": "The time becomes free for somebody else.",
        "reason": "Reason (optional)",
        "cancel_now": "Yes, cancel the appointment",
        "book": "Book a new appointment",
        "book_now": "Book the appointment",
        "accept": "Accept the appointment",
        "no_need": "If it does not suit you, you do not need to do anything. You stay on our waiting list.",
        "no_need_guardian": "If it does not suit you, you do not need to do anything. "
        "{patient} stays on our waiting list.",
        # Free times.
        "choose_doctor": "Choose a doctor",
        "show_times": "Show this doctor's times",
        "times_with": "Free times with {doctor}",
        "all_of_day": "All times of this day",
        "later": "Later days",
        "first_times": "Back to the first free times",
        "none_that_day": "{doctor} has no free times on {day}.",
        "none_before": "{doctor} has no free times before {day}.",
        "no_more_before": "{doctor} has no more free times before {day}.",
        "no_more": "There are no more free times with {doctor}.",
        "none_with": "{doctor} has no free times at present. Choose another doctor, or {reach}.",
        "none_free": "There are no free times at present. Please {reach}.",
        "none_here": "At present, no time can be chosen online. Please {reach}.",
        # Reminders of check-ups.
        "recalls": "We may remind you when a check-up is due. If you stop these reminders, messages about appointments "
        "will still come.",
        "stop_recalls": "Stop these reminders",
        "recalls_stopped": "You will no longer get check-up reminders. Messages about appointments will still come. "
        "If you would like the reminders again, please {reach}.",
        # Why something was not done.
        "nothing_done": "Nothing was changed",
        "choose_time": "Choose a time",
        "time_taken": "That time is not available.",
        "too_soon": "That time is too soon to be booked online.",
        "too_late": "That time is too far ahead to be booked online.",
        "past_cutoff": "It is too late to change or cancel the appointment online. If you cannot come, please {reach}.",
        "too_many_visits": "The limit for appointments booked online has been reached. Please {reach}.",
        "too_many_requests": "You can make another request once we have confirmed the earlier ones. If you have any "
        "questions, please {reach}.",
        "not_possible": "That is no longer possible. The details below are up to date.",
        "treatment_not_offered": "The doctor does not offer this treatment at present. Please choose another doctor.",
        "treatment_gone": "This treatment cannot be booked online at present. Please {reach}.",
        "offer_over": "The offer has ended, or somebody else was faster.",
        "has_changed": "The appointment has changed since you opened this page. Please check the details below.",
        "no_time_chosen": "Please choose one of the times.",
        "no_doctor_chosen": "Please choose one of the doctors.",
        "reason_refused": "Please give the reason in plain text of at most 500 characters.",
        "unreadable": "We could not read what your browser sent. Please try again.",
        "impossible": "This could not be done online. Please {reach}.",
        # Pages for somebody who cannot be shown anything else.
        "wrong_link": "This link does not work",
        "wrong_link_means": "Please look for our newest message to you and open the link in it, or call the clinic; "
        "its number is usually in our messages.",
        "wrong_link_copied": "If you copied the link, please check that it is complete.",
        "ended": "This link has expired",
        "ended_visit": "The time of this appointment has passed.",
        "ended_offer": "This offer is no longer available.",
        "another": "If you would like an appointment, please {reach}.",
        "too_many_tries": "Please wait a minute",
        "too_many_tries_means": "Too many wrong links were opened. After a minute, open the link in our message again.",
        "our_error": "Something went wrong on our side",
        "our_error_means": "We are sorry. Please open the page again in a moment. If you were changing something, "
        "check there whether it was done.",
        "busy": "We could not do this just now",
        "open_again": "Open the page again",
        "bad_request": "We could not read that",
        "bad_request_means": "Please open the link in our message again.",
    }
)
