<?php
// How a program proves to Cognito that it knows a password, without sending it: SRP, as Cognito's own clients do it.
declare(strict_types=1);

// One log-in. `public` is what Cognito gets first, and `answer` what it gets after its challenge. Numbers are strings of
// 384 bytes, since PHP has no large ones without an extension.
final class Proof
{
    // The prime of 3,072 bits of RFC 3526, modulo which everything is counted, and the generator.
    private const N =
        'FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD' .
        'EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED' .
        'EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F' .
        '83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B' .
        'E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510' .
        '15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7' .
        'ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C' .
        'BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF';
    private const G = '02';

    public readonly string $public;
    private readonly string $secret;

    public function __construct()
    {
        $this->secret = self::number(random_bytes(32));
        $this->public = self::power(self::fromHex(self::G), $this->secret);
    }

    // Returns the responses to the challenge PASSWORD_VERIFIER, which has these parameters.
    public function answer(string $poolId, string $password, array $challenge): array
    {
        $theirs = self::fromHex($challenge['SRP_B']);
        $who = explode('_', $poolId)[1] . $challenge['USER_ID_FOR_SRP'];
        $scramble = self::hashed(self::asBytes($this->public) . self::asBytes($theirs));
        $passwordHash = hash('sha256', "$who:$password", true);
        $private = self::hashed(self::asBytes(self::fromHex($challenge['SALT'])) . $passwordHash);
        $multiplier = self::hashed(self::asBytes(self::fromHex(self::N)) . self::asBytes(self::fromHex(self::G)));
        $base = self::minus($theirs, self::times($multiplier, self::power(self::fromHex(self::G), $private)));
        $exponent = self::plus($this->secret, self::times($scramble, $private)); // far below N
        $shared = self::power($base, $exponent);
        $drawn = hash_hmac('sha256', self::asBytes($shared), self::asBytes($scramble), true);
        $key = substr(hash_hmac('sha256', "Caldera Derived Key\x01", $drawn, true), 0, 16);

        $timestamp = gmdate('D M j H:i:s \U\T\C Y');
        $block = base64_decode($challenge['SECRET_BLOCK']);
        return [
            'USERNAME' => $challenge['USERNAME'],
            'PASSWORD_CLAIM_SECRET_BLOCK' => $challenge['SECRET_BLOCK'],
            'PASSWORD_CLAIM_SIGNATURE' => base64_encode(hash_hmac('sha256', $who . $block . $timestamp, $key, true)),
            'TIMESTAMP' => $timestamp,
        ];
    }

    private static function number(string $bytes): string
    {
        return str_pad($bytes, 384, "\0", STR_PAD_LEFT);
    }

    private static function fromHex(string $hex): string
    {
        return hex2bin(str_pad($hex, 768, '0', STR_PAD_LEFT));
    }

    // Returns the number as Cognito hashes it: the first bit is a sign, so it is always 0.
    private static function asBytes(string $number): string
    {
        $bytes = ltrim($number, "\0");
        return $bytes === '' || ord($bytes[0]) > 127 ? "\0$bytes" : $bytes;
    }

    private static function hashed(string $bytes): string
    {
        return self::number(hash('sha256', $bytes, true));
    }

    // Counts modulo N, as do the next two.
    private static function minus(string $a, string $b): string
    {
        if (strcmp($a, $b) < 0) {
            return self::minus(self::fromHex(self::N), self::minus($b, $a));
        }
        for ($place = 383, $borrowed = 0; $place >= 0; $place--) {
            $digit = ord($a[$place]) - ord($b[$place]) - $borrowed;
            $borrowed = $digit < 0 ? 1 : 0;
            $a[$place] = chr($digit & 255);
        }
        return $a;
    }

    private static function plus(string $a, string $b): string
    {
        return self::minus($a, self::minus(self::fromHex(self::N), $b));
    }

    private static function times(string $a, string $b): string
    {
        $result = self::number('');
        foreach (str_split(ltrim($a, "\0")) as $byte) {
            for ($bit = 128; $bit > 0; $bit >>= 1) {
                $result = self::plus($result, $result);
                $result = ord($byte) & $bit ? self::plus($result, $b) : $result;
            }
        }
        return $result;
    }

    // The secret that two sides of a Diffie-Hellman exchange share is a power modulo a prime, and OpenSSL counts it. It
    // refuses a base that is no square. The negative of such a base is one.
    private static function power(string $base, string $exponent): string
    {
        $exchange = ['p' => hex2bin(self::N), 'g' => hex2bin(self::G), 'priv_key' => $exponent];
        $key = openssl_pkey_new(['dh' => $exchange]);
        $power = openssl_dh_compute_key($base, $key);
        if ($power !== false) {
            return self::number($power);
        }
        $zero = self::number('');
        $power = self::number(openssl_dh_compute_key(self::minus($zero, $base), $key));
        return ord($exponent[383]) % 2 ? self::minus($zero, $power) : $power;
    }
}
