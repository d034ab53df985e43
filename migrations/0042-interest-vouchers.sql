-- Proofs of interest paid on drawdowns. A receipt met elsewhere is noted beside the voucher, not in what its bank reads.
create table interest_vouchers (
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
  lent_number text not null references drawdowns (number),
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
create index interest_vouchers_by_participant on interest_vouchers (participant_no, number);
create index interest_vouchers_by_uscc on interest_vouchers (uscc, number);
create index interest_vouchers_by_drawdown on interest_vouchers (lent_number, period_start);
-- What waits for a decision of the commission; the condition stands in its query word for word.
create index interest_vouchers_held on interest_vouchers (number) where status = 'HELD';

-- Whose turn it is to judge a voucher on one drawdown or lease: two at once for the same one meet here.
create table lent_turns (
  lent_number text primary key,
  turn bigint not null
);
