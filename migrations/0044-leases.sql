-- Direct leases of equipment and the rents paid on them.
create table lease_contracts (
  number text primary key,
  participant_no text not null references participants (participant_no),
  business_no text not null,
  uscc text not null,
  project_code text not null,
  status text not null check (status in ('ACCEPTED', 'HELD', 'SUPERSEDED', 'REJECTED')),
  findings text not null,
  authorization_no text,
  content_digest text not null,
  review_notes text not null,
  body text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  chain text not null,
  first_no text not null,
  supersedes text,
  superseded_by text,
  lease_mode text not null check (lease_mode in ('DIRECT', 'DIRECT_TO_LEASEBACK')),
  financed_principal_fen bigint not null check (financed_principal_fen > 0),
  annual_rate_pct text,
  rate_segments text not null,
  day_count text not null,
  lease_start text not null,
  lease_end text not null,
  document_no text not null references documents (document_no),
  unique (participant_no, business_no)
);
create index lease_contracts_by_participant on lease_contracts (participant_no, number);
create index lease_contracts_by_uscc on lease_contracts (uscc, number);

create table rent_vouchers (
  number text primary key,
  participant_no text not null references participants (participant_no),
  business_no text not null,
  uscc text not null,
  project_code text not null,
  status text not null check (status in ('ACCEPTED', 'HELD', 'SUPERSEDED', 'REJECTED')),
  findings text not null,
  authorization_no text,
  content_digest text not null,
  review_notes text not null,
  body text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  lent_number text not null references lease_contracts (number),
  lent_no text not null,
  period_start text not null,
  period_end text not null,
  paid_date text not null,
  segments text not null,
  normal_interest_fen bigint not null check (normal_interest_fen >= 0),
  normal_interest_paid_fen bigint not null check (normal_interest_paid_fen between 0 and normal_interest_fen),
  penalty_fen bigint not null check (penalty_fen >= 0),
  compound_fen bigint not null check (compound_fen >= 0),
  national_subsidy_deducted_fen bigint not null check (national_subsidy_deducted_fen >= 0),
  other_subsidy_fen bigint not null check (other_subsidy_fen >= 0),
  recomputed_fen bigint not null check (recomputed_fen >= 0),
  document_no text not null references documents (document_no),
  supersedes text,
  superseded_by text,
  accepted_at text,
  unique (participant_no, business_no),
  check (period_start < period_end)
);
create index rent_vouchers_by_participant on rent_vouchers (participant_no, number);
create index rent_vouchers_by_uscc on rent_vouchers (uscc, number);
create index rent_vouchers_by_lease on rent_vouchers (lent_number, period_start);
create index rent_vouchers_by_project on rent_vouchers (uscc, project_code, status);
-- What waits for a decision of the commission; the condition stands in its query word for word.
create index rent_vouchers_held on rent_vouchers (number) where status = 'HELD';
