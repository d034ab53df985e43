-- Guarantee contracts behind loan contracts, and the fees charged for them; fees are counted on the contract's row and bounded there.
create table guarantee_contracts (
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
  guarantor_uscc text not null,
  lender_no text not null,
  loan_contract_number text not null references loan_contracts (number),
  loan_contract_no text not null,
  guaranteed_fen bigint not null check (guaranteed_fen > 0),
  fee_total_fen bigint not null check (fee_total_fen >= 0),
  other_fees_fen bigint not null check (other_fees_fen >= 0),
  charged_fen bigint not null default 0 check (charged_fen >= 0),
  term_months bigint not null check (term_months between 1 and 600),
  start_date text not null,
  end_date text not null,
  vintage_year bigint not null,
  released_on text,
  re_guarantee_filing_no text,
  override_reason text,
  override_by text,
  document_no text not null references documents (document_no),
  unique (participant_no, business_no),
  check (start_date < end_date),
  check (charged_fen <= fee_total_fen)
);
create index guarantee_contracts_by_participant on guarantee_contracts (participant_no, number);
create index guarantee_contracts_by_uscc on guarantee_contracts (uscc, number);
create index guarantee_contracts_by_loan on guarantee_contracts (loan_contract_number, participant_no);
create index guarantee_contracts_by_vintage on guarantee_contracts (participant_no, lender_no, vintage_year);
create index guarantee_contracts_by_guarantor on guarantee_contracts (guarantor_uscc);
create index guarantee_contracts_by_chain on guarantee_contracts (chain);

create table fee_vouchers (
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
  guarantee_contract_number text not null references guarantee_contracts (number),
  fee_fen bigint not null check (fee_fen > 0),
  paid_date text not null,
  document_no text not null references documents (document_no),
  supersedes text,
  superseded_by text,
  accepted_at text,
  unique (participant_no, business_no)
);
create index fee_vouchers_by_participant on fee_vouchers (participant_no, number);
create index fee_vouchers_by_uscc on fee_vouchers (uscc, number);
create index fee_vouchers_by_contract on fee_vouchers (guarantee_contract_number);
create index fee_vouchers_by_project on fee_vouchers (uscc, project_code, status);
-- What waits for a decision of the commission; the condition stands in its query word for word.
create index fee_vouchers_held on fee_vouchers (number) where status = 'HELD';
