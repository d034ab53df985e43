-- Who takes part: participants, their users, credentials and public keys; consortia of park, banks and guarantors.
create table participants (
  participant_no text primary key,
  role text not null,
  name text not null,
  uscc text not null,
  region_code text,
  aliases text not null,
  is_government_guarantor bigint not null default 0,
  is_cooperating bigint not null default 0,
  status text not null check (status in ('PENDING_SECOND_PERSON', 'ACTIVE', 'SUSPENDED')),
  content_digest text,
  proposed text,
  created_by text,
  confirmed_by text,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  unique (role, uscc),
  check (confirmed_by is null or created_by is null or confirmed_by <> created_by)
);
create index participants_by_uscc on participants (uscc);

create table users (
  user_no text primary key,
  participant_no text not null references participants (participant_no),
  name text not null,
  duties text not null,
  status text not null check (status in ('ACTIVE', 'SUSPENDED'))
);
create index users_by_participant on users (participant_no);

create table clients (
  client_id text primary key,
  participant_no text not null references participants (participant_no),
  user_no text references users (user_no),
  status text not null check (status in ('ACTIVE', 'RETIRED')),
  content_digest text not null,
  created_by text not null,
  created_at text not null
);
create index clients_by_participant on clients (participant_no);

create table credentials (
  secret_hash text primary key,
  participant_no text not null references participants (participant_no),
  user_no text references users (user_no),
  client_id text not null references clients (client_id),
  kind text not null check (kind in ('API_KEY', 'CLIENT_SECRET')),
  status text not null check (status in ('ACTIVE', 'RETIRED')),
  created_at text not null
);
create index credentials_by_client on credentials (client_id);

create table participant_keys (
  key_no text primary key,
  participant_no text not null references participants (participant_no),
  user_no text references users (user_no),
  algorithm text not null check (algorithm in ('ED25519', 'ECDSA_P256', 'RSA_PSS', 'SM2')),
  public_key text not null,
  fingerprint text not null unique,
  valid_from text not null,
  valid_to text not null,
  status text not null check (status in ('PENDING_SECOND_PERSON', 'ACTIVE', 'RETIRED')),
  content_digest text not null,
  created_by text not null,
  confirmed_by text,
  retired_by text,
  retirement_reason text,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  check (valid_from < valid_to),
  check (status <> 'ACTIVE' or confirmed_by is not null),
  check (confirmed_by is null or confirmed_by <> created_by)
);
create index participant_keys_by_owner on participant_keys (participant_no);

-- An assertion works once: its number is kept until it could not be used any more.
create table oauth_assertions (
  client_id text not null,
  jti text not null,
  keep_until text not null,
  primary key (client_id, jti)
);
create index oauth_assertions_by_age on oauth_assertions (keep_until);

create table consortia (
  consortium_no text primary key,
  -- null: banks and guarantors apply to become cooperating institutions; they pair with nobody
  park_no text references participants (participant_no),
  status text not null check (status in ('APPLIED', 'REVIEWED', 'SELECTED', 'ACTIVE', 'ADJUSTED', 'EXPIRED', 'TERMINATED')),
  agreement_date text,
  valid_from text not null,
  valid_to text not null,
  application text not null,
  content_digest text not null,
  override_reason text,
  override_by text,
  reviewed_by text,
  review_outcome text,
  review_reason text,
  reviewed_at text,
  activated_by text,
  activated_at text,
  activation_reason text,
  -- participants that sent the application, each in its own name
  agreed text not null,
  -- end of the term that was announced
  expiry_noticed text,
  termination_reason text,
  terminated_by text,
  proposed text,
  -- of the last change of members or term
  change_proposed_by text,
  change_confirmed_by text,
  created_by text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  check (valid_from < valid_to),
  check (activated_by is null or reviewed_by is null or activated_by <> reviewed_by),
  check (change_confirmed_by is null or change_confirmed_by <> change_proposed_by)
);
create index consortia_by_park on consortia (park_no, status);
create index consortia_by_end on consortia (status, valid_to);

create table consortium_members (
  consortium_no text not null references consortia (consortium_no),
  participant_no text not null references participants (participant_no),
  kind text not null check (kind in ('BANK', 'GUARANTOR')),
  joined_on text not null,
  left_on text,
  primary key (consortium_no, participant_no)
);
create index consortium_members_by_participant on consortium_members (participant_no);
