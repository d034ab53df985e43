-- Loan contracts and their drawdowns; what was drawn is counted on the contract's row and bounded there.
create table loan_contracts (
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
  contract_amount_fen bigint not null check (contract_amount_fen > 0),
  land_fen bigint not null check (land_fen between 0 and contract_amount_fen),
  drawn_fen bigint not null default 0,
  drawn_land_fen bigint not null default 0,
  annual_rate_pct text not null,
  day_count text not null,
  start_date text not null,
  maturity_date text not null,
  document_no text not null references documents (document_no),
  lead_no text,
  core_enterprise_uscc text check (core_enterprise_uscc <> uscc),
  unique (participant_no, business_no),
  check (drawn_fen between 0 and contract_amount_fen),
  check (drawn_land_fen between 0 and drawn_fen),
  check (drawn_fen - drawn_land_fen <= contract_amount_fen - land_fen)
);
create index loan_contracts_by_participant on loan_contracts (participant_no, number);
create index loan_contracts_by_uscc on loan_contracts (uscc, number);

create table drawdowns (
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
  loan_contract_number text not null references loan_contracts (number),
  amount_fen bigint not null check (amount_fen > 0),
  land_fen bigint not null check (land_fen between 0 and amount_fen),
  disbursed_date text not null,
  maturity_date text not null,
  rate_segments text not null,
  unique (participant_no, business_no)
);
create index drawdowns_by_participant on drawdowns (participant_no, number);
create index drawdowns_by_contract on drawdowns (loan_contract_number);
create index drawdowns_by_uscc on drawdowns (uscc, number);
