<?php
// Books a visit for an insured patient, and follows it until the country's register has it. Needs nothing but PHP 8.2.
//
//   php docs/examples/partner/partner.php --insurance RIM-204417 --treatment 1 --booking visit.json
//
// docs/integrations.md explains the arguments, the environment variables, what is printed and the exit codes.
declare(strict_types=1);

require __DIR__ . '/srp.php';

const REFUSED = 1, WRONG_USE = 2, NO_PATIENT = 3, NO_TIME = 4, NOT_REGISTERED = 5, PENDING = 6, NO_ANSWER = 7;
const TAKEN = ['doctor_busy', 'patient_busy', 'chair_busy'];
const LONGEST_PAUSE = 30;
// A token is renewed a minute before it expires, so that it is still good when the request arrives.
const MARGIN = 60;
// The service forgets a key after 24 hours.
const KEY_HOLDS = 23 * 3600;
const INSTANT = '/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/';

function stop(int $code, string $message): never
{
    fwrite(STDERR, "$message\n");
    exit($code);
}

function elapsed(): float
{
    return hrtime(true) / 1e9;
}

// Status 0 means that no answer came, so that nobody knows whether the request was carried out.
final class Answer
{
    public readonly array $body;

    public function __construct(
        public readonly int $status,
        public readonly string $text = '',
        public readonly string $retryAfter = '',
    ) {
        $document = json_decode($text, true);
        $this->body = is_array($document) ? $document : [];
    }

    // Whether the same request may succeed a little later.
    public function again(): bool
    {
        $type = explode('#', $this->body['__type'] ?? '');
        $code = $this->body['code'] ?? end($type);
        $later = ['idempotency_in_flight', 'TooManyRequestsException', 'LimitExceededException'];
        return in_array($this->status, [0, 429], true) || $this->status >= 500 || in_array($code, $later, true);
    }

    public function ok(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }
}

// The pauses between attempts at one thing. Each is about twice as long as the one before, and none ends after the
// patience does. A part of each is left to chance, so that many programs do not come back at the same moment.
final class Pauses
{
    private float $next;
    private float $end;

    public function __construct()
    {
        $this->next = option('pause');
        $this->end = elapsed() + option('patience');
    }

    // Waits as long as the service asked, or else for the next pause. False if that is longer than the patience.
    public function wait(string $retryAfter = ''): bool
    {
        $chance = 0.5 + random_int(0, 1000) / 2000;
        $seconds = ctype_digit($retryAfter) ? (float) $retryAfter : $this->next * $chance;
        $this->next = min($this->next * 2, LONGEST_PAUSE);
        if (elapsed() + $seconds > $this->end) {
            return false;
        }
        usleep((int) ($seconds * 1e6));
        return true;
    }
}

function once(string $method, string $url, array $headers, ?string $body): Answer
{
    $http = ['method' => $method, 'header' => [...$headers, 'Connection: close'], 'content' => $body ?? ''];
    $http += ['timeout' => 30, 'ignore_errors' => true, 'follow_location' => 0, 'protocol_version' => '1.1'];
    $text = @file_get_contents($url, false, stream_context_create(['http' => $http]));
    $head = $http_response_header ?? [];
    if ($text === false || !preg_match('~^HTTP/\S+ (\d+)~', $head[0] ?? '', $status)) {
        return new Answer(0);
    }
    $retryAfter = '';
    foreach ($head as $line) {
        if (preg_match('/^retry-after:\s*(.*)$/i', $line, $found)) {
            $retryAfter = trim($found[1]);
        }
    }
    $answer = new Answer((int) $status[1], $text, $retryAfter);
    return $answer->ok() && $answer->body === [] ? new Answer(0) : $answer; // the connection ended within the answer
}

// Repeats the same request until the service answers, or until the patience is over.
function untilAnswered(callable $attempt): Answer
{
    $pauses = new Pauses();
    while (($answer = $attempt())->again()) {
        if (!$pauses->wait($answer->retryAfter)) {
            stop(NO_ANSWER, "No answer in time; the last status was $answer->status. Run the same command again.");
        }
    }
    return $answer;
}

// The partner's own account, and its tokens.
final class Account
{
    private string $access = '';
    private string $refresh = '';
    private float $goodUntil = 0;

    public function token(): string
    {
        if (elapsed() >= $this->goodUntil) {
            $this->renew();
        }
        return $this->access;
    }

    // Gets another access token before the next request, because the service refuses this one.
    public function forget(): void
    {
        $this->goodUntil = 0;
    }

    private function renew(): void
    {
        $answer = new Answer(0);
        if ($this->refresh !== '') {
            $answer = $this->initiate('REFRESH_TOKEN_AUTH', ['REFRESH_TOKEN' => $this->refresh]);
        }
        if ($answer->status !== 200) {
            $answer = $this->logIn();
        }
        $result = $answer->body['AuthenticationResult'] ?? null;
        if (!$result) {
            $why = $answer->body['ChallengeName'] ?? $answer->body['__type'] ?? $answer->status;
            stop(REFUSED, 'Cognito does not log ' . environment('PARTNER_USER') . " in: $why. See docs/integrations.md.");
        }
        $this->access = $result['AccessToken'];
        $this->refresh = $result['RefreshToken'] ?? $this->refresh;
        $this->goodUntil = elapsed() + $result['ExpiresIn'] - MARGIN;
    }

    private function logIn(): Answer
    {
        [$user, $password] = [environment('PARTNER_USER'), environment('PARTNER_PASSWORD')];
        $flow = environment('AUTH_FLOW', 'USER_SRP_AUTH');
        if ($flow === 'USER_PASSWORD_AUTH') {
            return $this->initiate($flow, ['USERNAME' => $user, 'PASSWORD' => $password]);
        }
        [$poolId, $proof] = [environment('COGNITO_USER_POOL_ID'), new Proof()];
        $answer = $this->initiate($flow, ['USERNAME' => $user, 'SRP_A' => bin2hex($proof->public)]);
        if (($answer->body['ChallengeName'] ?? '') !== 'PASSWORD_VERIFIER') {
            return $answer;
        }
        return $this->cognito('RespondToAuthChallenge', [
            'ChallengeName' => 'PASSWORD_VERIFIER',
            'ChallengeResponses' => $proof->answer($poolId, $password, $answer->body['ChallengeParameters']),
        ]);
    }

    private function initiate(string $flow, array $parameters): Answer
    {
        return $this->cognito('InitiateAuth', ['AuthFlow' => $flow, 'AuthParameters' => $parameters]);
    }

    private function cognito(string $action, array $request): Answer
    {
        $body = json_encode(['ClientId' => environment('COGNITO_CLIENT_ID')] + $request);
        $headers = [
            'Content-Type: application/x-amz-json-1.1',
            "X-Amz-Target: AWSCognitoIdentityProviderService.$action",
        ];
        $url = environment('COGNITO', 'http://127.0.0.1:5000');
        return untilAnswered(fn() => once('POST', $url, $headers, $body));
    }
}

// Sends a request with the account's token, and with a new one if the service refuses that.
function call(string $method, string $path, ?string $body = null, ?string $key = null): Answer
{
    global $account, $api;
    $attempt = function () use ($account, $api, $method, $path, $body, $key): Answer {
        $headers = ['Authorization: Bearer ' . $account->token(), 'Content-Type: application/json'];
        return once($method, $api . $path, $key ? [...$headers, "Idempotency-Key: $key"] : $headers, $body);
    };
    $answer = untilAnswered($attempt);
    if ($answer->status !== 401) {
        return $answer;
    }
    $account->forget();
    return untilAnswered($attempt);
}

// Returns the body of a success, and stops at a refusal.
function expected(Answer $answer): array
{
    return $answer->ok() ? $answer->body : stop(REFUSED, "The service answers $answer->status: $answer->text");
}

function patient(): int
{
    $query = http_build_query(['identifier' => 'insurance:' . option('insurance')]);
    $found = expected(call('GET', "/users?$query"))['items'];
    if (count($found) === 0) {
        stop(NO_PATIENT, 'No patient of your clinics has this insurance number. Register the patient first: POST /users.');
    }
    if (count($found) > 1) {
        stop(NO_PATIENT, 'Patients of several countries have this insurance number. Use an account for one country.');
    }
    return $found[0]['user_id'];
}

function freeTimes(int $patientId): array
{
    $start = new DateTimeImmutable(option('from') ?? 'now');
    $end = $start->modify('+' . option('days') * 86400 . ' seconds');
    $query = ['treatment_id' => option('treatment'), 'patient_id' => $patientId, 'limit' => 50];
    $query += ['from' => $start->format(DATE_ATOM), 'to' => $end->format(DATE_ATOM), 'clinic_id' => option('clinic')];
    return expected(call('GET', '/availability?' . http_build_query($query)))['items'];
}

// A booking, whose key and request are kept in a file before they are sent. Whatever stops the program, the next run
// sends the same again, so that nothing is booked twice.
final class Booking
{
    private ?array $kept;

    public function __construct(private readonly string $file)
    {
        $this->kept = file_exists($file) ? json_decode(file_get_contents($file), true) : null;
    }

    // Returns the id of the appointment, which is booked unless an earlier run has done it.
    public function made(): int
    {
        if (isset($this->kept['appointment_id'])) {
            return $this->kept['appointment_id'];
        }
        if ($this->kept && time() - filemtime($this->file) > KEY_HOLDS) {
            stop(REFUSED, 'This booking was begun too long ago to repeat it. See what the patient has; then delete the file.');
        }
        if ($this->kept && ($begun = $this->sent())) {
            return $begun;
        }
        $patientId = patient();
        echo "Patient $patientId\n";
        foreach (freeTimes($patientId) as ['doctor_id' => $doctor, 'starts_at' => $startsAt]) {
            $wanted = ['patient_id' => $patientId, 'doctor_id' => $doctor, 'starts_at' => $startsAt];
            $wanted['treatment_id'] = option('treatment');
            $this->keep(['key' => bin2hex(random_bytes(16)), 'request' => json_encode($wanted)]);
            if ($made = $this->sent()) {
                return $made;
            }
        }
        @unlink($this->file);
        stop(NO_TIME, 'There is no free time. Look at other days (--from, --days), or at another clinic.');
    }

    // Returns the id, or null if somebody else has the time.
    private function sent(): ?int
    {
        $answer = call('POST', '/appointments', $this->kept['request'], $this->kept['key']);
        if ($answer->status === 409 && in_array($answer->body['code'] ?? '', TAKEN, true)) {
            return null;
        }
        $appointmentId = expected($answer)['appointment_id'];
        $this->keep($this->kept + ['appointment_id' => $appointmentId]);
        return $appointmentId;
    }

    // Replaces the file as a whole, so that it is never half written.
    private function keep(array $kept): void
    {
        $this->kept = $kept;
        file_put_contents("$this->file.new", json_encode($kept));
        rename("$this->file.new", $this->file);
    }
}

// Asks until the register of the clinic's country has the visit, less and less often.
function follow(int $appointmentId): void
{
    [$pauses, $told] = [new Pauses(), ''];
    $appointment = expected(call('GET', "/appointments/$appointmentId"));
    $zone = $appointment['clinic']['time_zone'];
    $startsAt = (new DateTimeImmutable($appointment['starts_at']))->setTimezone(new DateTimeZone($zone));
    echo "Booked appointment $appointmentId: {$startsAt->format('Y-m-d H:i')} $zone\n";
    while ($registration = $appointment['registration'] ?? null) {
        if ($registration['status'] !== $told) {
            $told = $registration['status'];
            echo "Registration: $told\n";
        }
        if ($told === 'DONE') {
            return;
        }
        if ($told === 'FAILED') {
            stop(
                NOT_REGISTERED,
                "The register refuses the visit: {$registration['error']}. Tell the clinic, which sends it again with " .
                "POST /appointments/$appointmentId/register. Then run the same command again.",
            );
        }
        if (!$pauses->wait()) {
            stop(PENDING, 'The visit is booked, but not registered yet. Run the same command again later.');
        }
        $appointment = expected(call('GET', "/appointments/$appointmentId"));
    }
    echo "Registration: not needed\n";
}

function environment(string $name, string $default = ''): string
{
    return getenv($name) ?: $default ?: stop(WRONG_USE, "$name is needed. See docs/integrations.md.");
}

function option(string $name): mixed
{
    global $options;
    return $options[$name];
}

function readOptions(array $words): array
{
    $names = ['insurance', 'treatment', 'booking', 'clinic', 'from', 'days', 'pause', 'patience'];
    $given = array_merge(array_fill_keys($names, null), ['days' => '14', 'pause' => '1', 'patience' => '300']);
    foreach (array_chunk($words, 2) as $pair) {
        $name = preg_replace('/^--/', '', $pair[0]);
        if ("--$name" !== $pair[0] || !in_array($name, $names, true) || !isset($pair[1])) {
            stop(WRONG_USE, "$pair[0] is not an option with a value. See docs/integrations.md.");
        }
        $given[$name] = $pair[1];
    }
    $missing = array_filter(['insurance', 'treatment', 'booking'], fn($name) => $given[$name] === null);
    if ($missing) {
        stop(WRONG_USE, '--' . implode(', --', $missing) . ' must be given. See docs/integrations.md.');
    }
    foreach (['treatment', 'days', 'pause', 'patience'] as $name) {
        if (!is_numeric($given[$name])) {
            stop(WRONG_USE, "--$name must be a number. See docs/integrations.md.");
        }
        $given[$name] += 0;
    }
    if ($given['from'] !== null && !preg_match(INSTANT, $given['from'])) {
        stop(WRONG_USE, '--from must be such as 2030-01-31T09:00:00Z. See docs/integrations.md.');
    }
    return $given;
}

$options = readOptions(array_slice($argv, 1));
$api = environment('API', 'http://127.0.0.1:8000');
$account = new Account();
follow((new Booking(option('booking')))->made());
