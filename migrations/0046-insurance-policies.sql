-- Insurance policies with their paid premiums; a policy without a project has an empty project code.
create table insurance_policies (
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
  insurance_kind text not null check (insurance_kind in ('FIRST_SET_EQUIPMENT', 'FIRST_VERSION_SOFTWARE', 'RENOVATION_COST_LOSS')),
  product text not null,
  annual_premium_fen bigint not null check (annual_premium_fen > 0),
  insured_fen bigint check (insured_fen > 0),
  policy_start text not null,
  policy_end text not null,
  paid_date text not null,
  document_no text not null references documents (document_no),
  supersedes text,
  superseded_by text,
  accepted_at text,
  unique (participant_no, business_no),
  check (policy_start < policy_end),
  check (insurance_kind <> 'FIRST_SET_EQUIPMENT' or insured_fen is not null)
);
create index insurance_policies_by_participant on insurance_policies (participant_no, number);
create index insurance_policies_by_uscc on insurance_policies (uscc, project_code, status);
-- What waits for a decision of the commission; the condition stands in its query word for word.
create index insurance_policies_held on insurance_policies (number) where status = 'HELD';

-- Receipts of held evidence that persons of the commission opened to decide on it: disclosures of the enterprise.
create table held_reads (
  read_no text primary key,
  number text not null,
  uscc text not null,
  authorization_no text not null,
  participant_no text not null references participants (participant_no),
  user_no text not null,
  document_no text not null references documents (document_no),
  sha256 text not null,
  read_at text not null
);
create index held_reads_by_authorization on held_reads (authorization_no, read_no);
create index held_reads_by_uscc on held_reads (uscc, read_no);
