-- Policies as dated versions: numbers, readings and clauses; proposed by one person, confirmed by another.
create table policy_versions (
  policy_code text not null,
  version text not null,
  status text not null check (status in ('PROPOSED', 'CONFIRMED', 'REJECTED', 'REPLACED')),
  title text not null,
  title_zh text not null,
  effective_from text not null,
  effective_to text,
  parameters text not null,
  clauses text not null,
  supersedes text,
  content_digest text not null,
  proposed_by text not null,
  confirmed_by text,
  confirmed_at text,
  created_at text not null,
  updated_at text not null,
  primary key (policy_code, version),
  check (effective_to is null or effective_from <= effective_to),
  check (status <> 'CONFIRMED' or confirmed_by is not null),
  check (confirmed_by is null or confirmed_by <> proposed_by or proposed_by = 'hub')
);
create index policy_versions_in_force on policy_versions (status, policy_code, effective_from);
