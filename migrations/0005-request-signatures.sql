-- Signed requests: numbers that were used once, and the proof that stands beside every signed decision about money.
create table request_nonces (
  keyid text not null,
  nonce text not null,
  keep_until text not null,
  primary key (keyid, nonce)
);
create index request_nonces_by_age on request_nonces (keep_until);

-- signature_base holds exactly the signed bytes; body is sealed, since it may hold account numbers.
create table request_signatures (
  signature_no text primary key,
  participant_no text not null,
  user_no text,
  operation text not null,
  idempotency_key text not null,
  keyid text not null,
  algorithm text not null check (algorithm in ('ed25519', 'ecdsa-p256-sha256', 'rsa-pss-sha512', 'sm2-sm3')),
  signature_base text not null,
  signature text not null,
  body text not null,
  at text not null
);
create index request_signatures_by_caller on request_signatures (participant_no, idempotency_key);
