-- Webhooks: endpoints of participants with their sealed secrets, what is to be delivered in which order, every attempt.
create table webhook_endpoints (
  endpoint_no text primary key,
  participant_no text not null,
  url text not null,
  description text,
  -- JSON list of event types; empty: all
  event_types text not null,
  status text not null check (status in ('ACTIVE', 'PAUSED', 'DISABLED', 'DELETED')),
  disabled_reason text,
  -- who named the address, and the other person who agreed to it: nothing is called before; the sandbox asks nobody
  proposed_by text not null,
  confirmed_by text,
  -- the address answered a signed challenge; null until then, and after a change of address
  verified_at text,
  challenge text not null,
  challenge_attempts bigint not null,
  challenge_next_at text not null,
  concurrency bigint not null check (concurrency between 1 and 32),
  -- everything of the owner's feed up to here has been laid out as deliveries
  laid_out_seq bigint not null,
  consecutive_failures bigint not null,
  failing_since text,
  circuit_until text not null,
  -- one process works for an endpoint at a time; its lease runs out when it dies
  leased_by text,
  leased_until text not null,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (confirmed_by is null or confirmed_by <> proposed_by),
  check (verified_at is null or confirmed_by is not null)
);
create index webhook_endpoints_by_owner on webhook_endpoints (participant_no, endpoint_no);

create table webhook_secrets (
  secret_no text primary key,
  endpoint_no text not null references webhook_endpoints (endpoint_no),
  sealed_secret text not null,
  sealed_private_key text not null,
  public_key text not null,
  created_at text not null,
  -- a rotated secret signs beside the new one until then
  expires_at text
);
create index webhook_secrets_of_endpoint on webhook_secrets (endpoint_no);

create table webhook_deliveries (
  endpoint_no text not null references webhook_endpoints (endpoint_no),
  event_no text not null,
  seq bigint not null,
  type text not null,
  subject text not null,
  occurred_at text not null,
  status text not null check (status in ('PENDING', 'DELIVERED', 'DEAD', 'CANCELLED')),
  attempts bigint not null,
  next_at text not null,
  updated_at text not null,
  primary key (endpoint_no, event_no)
);
create index webhook_deliveries_due on webhook_deliveries (endpoint_no, seq, next_at) where status = 'PENDING';
create index webhook_deliveries_order on webhook_deliveries (endpoint_no, subject, seq) where status = 'PENDING';

create table webhook_attempts (
  attempt_no text primary key,
  endpoint_no text not null references webhook_endpoints (endpoint_no),
  event_no text not null,
  type text not null,
  attempt bigint not null,
  attempted_at text not null,
  duration_ms bigint not null,
  status_code bigint,
  error text,
  outcome text not null check (outcome in ('DELIVERED', 'FAILED', 'DEAD'))
);
create index webhook_attempts_of_endpoint on webhook_attempts (endpoint_no, attempt_no);
create index webhook_attempts_by_age on webhook_attempts (attempted_at);

-- Private networks opened to webhooks by two persons, e.g. the government extranet: CIDR, IPv4 or IPv6.
create table webhook_private_networks (
  network_no text primary key,
  cidr text not null,
  note text not null,
  status text not null check (status in ('PENDING_SECOND_PERSON', 'ACTIVE', 'CLOSED')),
  created_by text not null,
  confirmed_by text,
  closed_by text,
  created_at text not null,
  updated_at text not null,
  check (status <> 'ACTIVE' or confirmed_by is not null),
  check (confirmed_by is null or confirmed_by <> created_by)
);
create unique index webhook_private_networks_in_use on webhook_private_networks (cidr) where status <> 'CLOSED';
