-- Accounts that subsidies are paid to: sealed, at most one active per holder.
create table subsidy_accounts (
  number text primary key,
  participant_no text not null references participants (participant_no),
  business_no text not null,
  uscc text not null,
  project_code text not null,
  status text not null check (status in ('ACTIVE', 'PENDING_CONFIRMATION', 'SUPERSEDED', 'REJECTED')),
  findings text not null,
  authorization_no text,
  content_digest text not null,
  review_notes text not null,
  body text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  holder_kind text not null check (holder_kind in ('ENTERPRISE', 'GUARANTOR')),
  account_sealed text not null,
  account_index text not null,
  account_tail text not null check (length(account_tail) = 4),
  -- another number than the holder's account before: it counts only when a second person has agreed
  is_change bigint not null check (is_change in (0, 1)),
  declared_by_user text,
  confirmed_by text,
  confirmed_at text,
  check (is_change = 0 or status <> 'ACTIVE' or confirmed_by is not null),
  check (confirmed_by is null or declared_by_user is null or confirmed_by <> declared_by_user),
  unique (participant_no, business_no)
);
create unique index subsidy_accounts_active on subsidy_accounts (uscc) where status = 'ACTIVE';
create index subsidy_accounts_by_participant on subsidy_accounts (participant_no, number);
create index subsidy_accounts_by_holder on subsidy_accounts (uscc, number);
