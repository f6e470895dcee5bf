"""The words in Spanish, as people in Peru write to somebody whom they call `usted`."""

from collections.abc import Mapping
from types import MappingProxyType

SPANISH: Mapping[str, str] = MappingProxyType(
    {
        # What a page is about. It stands in the places {visit} below.
        "visit": "su cita",
        "visit_guardian": "la cita de {patient}",
        "booked": "{visit} está reservada",
        "attending": "Asistencia confirmada",
        "attending_guardian": "Asistencia de {patient} confirmada",
        "requested": "{visit} está pendiente de confirmación",
        "cancelled": "{visit} está cancelada",
        "checked_in": "Ya registramos su llegada",
        "checked_in_guardian": "Ya registramos la llegada de {patient}",
        "closed": "{visit} ya terminó",
        "offered": "Hay una cita disponible para usted",
        "offered_guardian": "Hay una cita disponible para {patient}",
        "due_again": "Ya es momento de su próxima visita",
        "due_again_guardian": "Ya es momento de la próxima visita de {patient}",
        "due_later": "Su próxima visita",
        "due_later_guardian": "La próxima visita de {patient}",
        "moved": "Hemos cambiado {visit}",
        # What a person may want to know next.
        "please_confirm": "Por favor, confirme su asistencia.",
        "please_confirm_guardian": "Por favor, confirme la asistencia de {patient}.",
        "expecting": "Le esperamos.",
        "expecting_guardian": "Les esperamos.",
        "thank_you": "Gracias por avisarnos. Le esperamos.",
        "thank_you_guardian": "Gracias por avisarnos. Les esperamos.",
        "will_tell": "Le avisaremos en cuanto esté confirmada.",
        "moved_to": "Esta es la nueva fecha y hora. Le esperamos.",
        "moved_to_guardian": "Esta es la nueva fecha y hora. Les esperamos.",
        "moved_to_request": "Esta es la nueva fecha y hora. Todavía está pendiente de confirmación; le avisaremos.",
        "done_cancelling": "Gracias por avisarnos. No tiene que hacer nada más.",
        "come_again": "¿Desea otra cita? Elija un horario más abajo.",
        "choose_below": "Nos encantará recibirle de nuevo. Elija un horario a continuación.",
        "choose_below_guardian": "Nos encantará recibir de nuevo a {patient}. Elija un horario a continuación.",
        "is_free": "Si le conviene, por favor acéptela pronto: otra persona podría tomarla.",
        "in_utc": "La hora indicada arriba no es la hora local de la clínica. Por favor, {reach} para preguntar por la "
        "hora correcta.",
        "at": "a las {time}",
        # How to reach the clinic. It stands in the places {reach}.
        "call": "llámenos al {phone}",
        "write": "escríbanos a {email}",
        "ask": "póngase en contacto con nosotros",
        # What can be done.
        "confirm": "Confirmar asistencia",
        "confirm_guardian": "Confirmar la asistencia de {patient}",
        "move": "Cambiar de horario o de dentista",
        "move_now": "Cambiar la cita",
        "cancel": "Cancelar la cita",
        "cancel_means": "El horario quedará disponible para otra persona.",
        "reason": "Motivo (opcional)",
        "cancel_now": "Sí, cancelar la cita",
        "book": "Reservar otra cita",
        "book_now": "Reservar la cita",
        "accept": "Aceptar la cita",
        "no_need": "Si no le conviene, no tiene que hacer nada. Usted sigue en nuestra lista de espera.",
        "no_need_guardian": "Si no les conviene, no tiene que hacer nada. {patient} sigue en nuestra lista de espera.",
        # Free times.
        "choose_doctor": "¿Con quién desea atenderse?",
        "show_times": "Ver horarios disponibles",
        "times_with": "Horarios disponibles con {doctor}",
        "all_of_day": "Todos los horarios de este día",
        "later": "Días siguientes",
        "first_times": "Volver a los primeros horarios disponibles",
        "none_that_day": "No hay horarios disponibles con {doctor} el {day}.",
        "none_before": "No hay horarios disponibles con {doctor} antes del {day}.",
        "no_more_before": "No hay más horarios disponibles con {doctor} antes del {day}.",
        "no_more": "No hay más horarios disponibles con {doctor}.",
        "none_with": "Por ahora no hay horarios disponibles con {doctor}. Elija a otra persona o {reach}.",
        "none_free": "Por ahora no hay horarios disponibles. Por favor, {reach}.",
        "none_here": "Por ahora no se puede elegir un horario en línea. Por favor, {reach}.",
        # Reminders of check-ups.
        "recalls": "Podemos recordarle cuando le toque un chequeo dental. Si deja de recibir estos recordatorios, "
        "los mensajes sobre citas seguirán llegando.",
        "stop_recalls": "No recibir estos recordatorios",
        "recalls_stopped": "Ya no recibirá recordatorios de chequeos. Los mensajes sobre citas seguirán llegando. "
        "Si desea recibir los recordatorios de nuevo, {reach}.",
        # Why something was not done.
        "nothing_done": "No se hizo ningún cambio",
        "choose_time": "Elija un horario",
        "time_taken": "Ese horario no está disponible.",
        "too_soon": "Ese horario está demasiado próximo para reservarlo en línea.",
        "too_late": "Esa fecha está demasiado lejos para reservarla en línea.",
        "past_cutoff": "Ya no es posible cambiar ni cancelar la cita por este medio. Si no puede venir, {reach}.",
        "too_many_visits": "Ya se alcanzó el límite de citas reservadas en línea. Por favor, {reach}.",
        "too_many_requests": "Podrá hacer otra solicitud cuando hayamos confirmado las anteriores. Si tiene alguna "
        "pregunta, {reach}.",
        "not_possible": "Eso ya no es posible. Los datos que siguen están actualizados.",
        "treatment_not_offered": "Por ahora esa persona no ofrece este tratamiento. Por favor, elija a otra.",
        "treatment_gone": "Por ahora este tratamiento no se puede reservar en línea. Por favor, {reach}.",
        "offer_over": "La oferta ya terminó, o alguien se adelantó.",
        "has_changed": "Algo ha cambiado desde que usted abrió esta página. Por favor, revise los datos que siguen.",
        "no_time_chosen": "Por favor, elija uno de los horarios.",
        "no_doctor_chosen": "Por favor, elija con quién desea atenderse.",
        "reason_refused": "Por favor, escriba el motivo como texto simple, en 500 caracteres como máximo.",
        "unreadable": "No pudimos leer lo que envió su navegador. Por favor, inténtelo de nuevo.",
        "impossible": "Esto no se pudo hacer en línea. Por favor, {reach}.",
        # Pages for somebody who cannot be shown anything else.
        "wrong_link": "Este enlace no funciona",
        "wrong_link_means": "Por favor, abra el enlace de nuestro mensaje más reciente o llame a la clínica; su número "
        "suele estar en nuestros mensajes.",
        "wrong_link_copied": "Si copió el enlace, revise que esté completo.",
        "ended": "Este enlace ya no está vigente",
        "ended_visit": "La hora de esta cita ya pasó.",
        "ended_offer": "Esta oferta ya no está disponible.",
        "ended_recall": "Este recordatorio ya no corresponde.",
        "another": "Si desea una cita, {reach}.",
        "too_many_tries": "Por favor, espere un minuto",
        "too_many_tries_means": "Se abrieron demasiados enlaces incorrectos. Después de un minuto, abra de nuevo el "
        "enlace de nuestro mensaje.",
        "our_error": "Algo falló de nuestro lado",
        "our_error_means": "Lo sentimos. Por favor, abra la página de nuevo en un momento. Si estaba cambiando algo, "
        "revise ahí si se hizo.",
        "busy": "No pudimos hacerlo en este momento",
        "open_again": "Abrir la página de nuevo",
        "bad_request": "No pudimos leer eso",
        "bad_request_means": "Por favor, abra de nuevo el enlace de nuestro mensaje.",
    }
)
