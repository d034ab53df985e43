-- Credit codes that fail their check character and really exist, each recorded by two persons with the reason.
create table uscc_overrides (
  uscc text primary key,
  status text not null check (status in ('PENDING_SECOND_PERSON', 'ACTIVE', 'ENDED')),
  reason text not null,
  end_reason text,
  proposed_by text not null,
  confirmed_by text,
  ended_by text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (confirmed_by is null or confirmed_by <> proposed_by),
  check (status <> 'ACTIVE' or confirmed_by is not null)
);
