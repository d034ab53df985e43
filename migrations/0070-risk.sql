-- Risk sharing: breakers per guarantor, bank and vintage year; compensation claims, their recoveries, the ledger of each loss; year-end settlements.
-- Amounts stand on the guaranteed (80 %) basis. covered_fen only grows with claims; ceiling_fen is the cap under which the last cover was given.
create table breakers (
  guarantor_no text not null references participants (participant_no),
  bank_no text not null references participants (participant_no),
  vintage_year bigint not null check (vintage_year between 2000 and 9999),
  liability_fen bigint not null check (liability_fen >= 0),
  cap_fen bigint not null check (cap_fen >= 0),
  covered_fen bigint not null check (covered_fen >= 0),
  recoveries_settled_fen bigint not null check (recoveries_settled_fen between 0 and covered_fen),
  compensated_fen bigint not null check (compensated_fen = covered_fen - recoveries_settled_fen),
  ceiling_fen bigint not null check (compensated_fen <= ceiling_fen),
  state text not null check (state in ('NORMAL', 'WARNING', 'TRIPPED')),
  -- a settled vintage no longer grows
  closed_at text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  primary key (guarantor_no, bank_no, vintage_year)
);
create index breakers_by_bank on breakers (bank_no, vintage_year);

-- What was claimed on a guarantee, never above what it guarantees.
create table claimed_guarantees (
  guarantee_number text primary key references guarantee_contracts (number),
  guaranteed_fen bigint not null,
  claimed_fen bigint not null check (claimed_fen between 0 and guaranteed_fen)
);

create table compensation_claims (
  number text primary key,
  participant_no text not null references participants (participant_no),
  business_no text not null,
  guarantor_no text not null references participants (participant_no),
  guarantee_number text not null references guarantee_contracts (number),
  guarantee_contract_no text not null,
  loan_contract_no text not null,
  iou_no text not null,
  uscc text not null,
  vintage_year bigint not null,
  body text not null,
  content_digest text not null,
  findings text not null,
  status text not null check (status in ('FILED', 'RETURNED', 'PREPAID_PENDING_REVIEW', 'ACCEPTED', 'PAID', 'RECOVERING', 'DECLINED', 'SETTLED')),
  decision_due_date text not null,
  -- due date whose passing was told
  told_due text,
  default_principal_fen bigint not null check (default_principal_fen > 0),
  eligible_fen bigint not null check (eligible_fen > 0 and eligible_fen <= default_principal_fen),
  policy_version text,
  headroom_before_fen bigint,
  covered_fen bigint,
  guarantor_fen bigint check (guarantor_fen >= 0),
  fiscal_fen bigint check (fiscal_fen >= 0),
  fiscal_municipal_fen bigint check (fiscal_municipal_fen between 0 and fiscal_fen),
  bank_fen bigint check (bank_fen >= 0),
  re_guarantor_fen bigint check (re_guarantor_fen >= 0),
  bank_excess_fen bigint check (bank_excess_fen >= 0),
  rate_after_pct text,
  state_after text,
  fiscal_claim_no text unique,
  re_guarantee_claim_no text unique,
  -- whether the fiscal part is drawn from the pool, and from which year's
  fiscal_pool text check (fiscal_pool in ('DRAWN', 'WAITING')),
  fiscal_pool_year text,
  decision text check (decision in ('ACCEPT', 'REJECT', 'PREPAY')),
  decision_reason text,
  decided_by text,
  decided_at text,
  review text check (review in ('ACCEPT', 'REJECT')),
  review_reason text,
  reviewed_by text,
  reviewed_at text,
  paid_date text,
  paid_fen bigint,
  recovered_fen bigint not null check (recovered_fen between 0 and eligible_fen),
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  unique (participant_no, business_no),
  check (covered_fen is null or covered_fen <= headroom_before_fen),
  check (covered_fen is null or covered_fen = guarantor_fen + fiscal_fen + re_guarantor_fen),
  check (covered_fen is null or eligible_fen = covered_fen + bank_fen),
  check (paid_fen is null or paid_fen = covered_fen),
  check (reviewed_by is null or reviewed_by <> decided_by)
);
create index compensation_claims_waiting on compensation_claims (decided_at, number) where fiscal_pool = 'WAITING';
create index compensation_claims_of_bank on compensation_claims (participant_no, number);
create index compensation_claims_of_guarantor on compensation_claims (guarantor_no, number);
create index compensation_claims_by_own_no on compensation_claims (guarantor_no, business_no);
create index compensation_claims_of_drawdown on compensation_claims (participant_no, iou_no);

-- Documents that go with a claim: who decides on it may read them.
create table claim_documents (
  document_no text not null,
  claim_number text not null references compensation_claims (number),
  primary key (document_no, claim_number)
);

create table claim_recoveries (
  number text primary key,
  claim_number text not null references compensation_claims (number),
  participant_no text not null references participants (participant_no),
  recovery_no text not null,
  content_digest text not null,
  date text not null,
  gross_fen bigint not null check (gross_fen > 0),
  cost_fen bigint not null check (cost_fen >= 0),
  net_fen bigint not null check (net_fen = gross_fen - cost_fen and net_fen > 0),
  guarantor_fen bigint not null check (guarantor_fen >= 0),
  fiscal_fen bigint not null check (fiscal_fen >= 0),
  bank_fen bigint not null check (bank_fen >= 0),
  re_guarantor_fen bigint not null check (re_guarantor_fen >= 0),
  settled_in bigint,
  recorded_by text,
  created_at text not null,
  unique (participant_no, recovery_no),
  check (guarantor_fen + fiscal_fen + bank_fen + re_guarantor_fen = net_fen)
);
create index claim_recoveries_of_claim on claim_recoveries (claim_number, number);
create index claim_recoveries_unsettled on claim_recoveries (date) where settled_in is null;

-- Appended to, never changed; the entries of a posting, and so of a claim, sum to zero.
create table risk_ledger (
  entry {{autonumber}},
  claim_number text not null references compensation_claims (number),
  posting_no text not null,
  posting text not null check (posting in ('DEFAULT', 'COMPENSATION', 'FISCAL_SHARE', 'RE_GUARANTEE_SHARE', 'RECOVERY', 'REVERSAL')),
  party text not null check (party in ('BORROWER', 'BANK', 'GUARANTOR', 'FISCAL', 'RE_GUARANTOR')),
  amount_fen bigint not null check (amount_fen <> 0),
  recovery_number text references claim_recoveries (number),
  at text not null
);
create index risk_ledger_of_claim on risk_ledger (claim_number, entry);

create table breaker_settlements (
  year bigint primary key,
  content text not null,
  participant_no text not null,
  settled_by text not null,
  created_at text not null
);
