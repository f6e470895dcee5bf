#!/bin/sh
# Books the first free check-up, lists the caller's visits, and cancels it again. Needs curl.
#
#   TOKEN=$(make -s token AS=pat) sh docs/examples/book.sh
#
# TOKEN is an access token, API the address of the service.
set -eu
: "${TOKEN:?is needed: TOKEN=\$(make -s token AS=pat) sh docs/examples/book.sh}"
api=${API:-http://127.0.0.1:8000}
answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT

# call METHOD PATH [JSON [HEADER]]: sets $status; the body is in $answer/body, the headers are in $answer/headers.
# If the service is busy (503) or throttles (429), or does not answer, curl waits as long as Retry-After says, or a
# second or more without it, and sends the same request again. The key makes this safe: a request that was already carried out is not carried out twice.
call() {
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    status=$(curl -sS -X "$1" "$api$2" --max-time 10 --retry 4 --retry-all-errors \
        -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $key" -H "${4:-Accept: application/json}" \
        -H 'Content-Type: application/json' ${3:+-d "$3"} -o "$answer/body" -D "$answer/headers" -w '%{http_code}')
}

# expect STATUS: stops unless the answer has this status.
expect() {
    [ "$status" = "$1" ] && return
    echo "The service answers $status: $(cat "$answer/body")" >&2
    exit 1
}

# in_days N: prints that instant, with GNU's date or BSD's.
in_days() {
    date -u -d "$1 days" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v "+$1d" +%Y-%m-%dT%H:%M:%SZ
}

# member NAME: prints its value in the objects on standard input.
member() {
    grep -o "\"$1\":[^,}]*" | sed 's/^[^:]*://; s/"//g'
}

# At least two days ahead, because an appointment can be cancelled until a day before.
call GET "/availability?treatment_id=1&limit=20&from=$(in_days 2)&to=$(in_days 16)"
expect 200
status=none
for slot in $(grep -o '{"doctor_id":[^}]*}' "$answer/body"); do
    doctor=$(echo "$slot" | member doctor_id)
    starts_at=$(echo "$slot" | member starts_at)
    call POST /appointments "{\"doctor_id\": $doctor, \"treatment_id\": 1, \"starts_at\": \"$starts_at\"}"
    [ "$status" = 409 ] || break # 409: somebody else was faster, so try the next slot
done
case $status in
none | 409)
    echo "There is no free time." >&2
    exit 1
    ;;
esac
expect 201
appointment=$(member appointment_id <"$answer/body")
etag=$(tr -d '\r' <"$answer/headers" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p' | tail -n 1)
echo "Booked appointment $appointment at $starts_at"

call GET "/appointments?status=BOOKED&from=$(in_days 0)"
expect 200
echo "Booked visits: $(member appointment_id <"$answer/body" | tr '\n' ' ')"

# If-Match: cancel it only if nobody has changed it since.
call POST "/appointments/$appointment/cancel" '{"reason": "Only an example"}' "If-Match: $etag"
expect 200
echo "Cancelled appointment $appointment"
