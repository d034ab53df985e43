-- What every floor stands on: leases of background loops, idempotent answers, the journal.
create table leases (
  name text primary key,
  holder text not null,
  expires_at double precision not null
);

create table idempotent_answers (
  caller text not null,
  idempotency_key text not null,
  request_digest text not null,
  status bigint not null,
  headers text not null,
  body text not null,
  created_at text not null,
  primary key (caller, idempotency_key)
);
create index idempotent_answers_by_age on idempotent_answers (created_at);

-- seq is the place in the one log: given at once by the single SQLite writer, by the sequencer on PostgreSQL,
-- so that an event is never seen before an earlier one can still commit.
create table events (
  entry {{autonumber}},
  seq bigint unique,
  event_no text not null unique,
  type text not null,
  subject text not null,
  at text not null,
  actor_participant text not null,
  actor_user text,
  authorization_no text,
  data text not null
);
create index events_unsequenced on events (entry) where seq is null;
create index events_by_subject on events (subject, seq);
create index events_by_actor on events (actor_participant, seq);

-- entry is that of events. No foreign key: on PostgreSQL its check reads the end of an index that every unit adds to, and no two units
-- could append at once; both rows are written by one function.
create table event_audience (
  participant_no text not null,
  entry bigint not null,
  seq bigint,
  primary key (participant_no, entry)
);
create index event_audience_feed on event_audience (participant_no, seq);
create index event_audience_unsequenced on event_audience (entry) where seq is null;
