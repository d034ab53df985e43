-- Budgets, payment batches with their payments, holds and claw-backs.
create table budgets (
  budget_no text primary key,
  year text not null,
  fund_source text not null check (fund_source in ('MUNICIPAL', 'DISTRICT', 'CENTRAL', 'RISK_POOL')),
  amount_fen bigint not null check (amount_fen >= 0),
  used_fen bigint not null check (used_fen >= 0),
  version bigint not null,
  decided_by text not null,
  created_at text not null,
  updated_at text not null,
  unique (year, fund_source),
  check (used_fen <= amount_fen)
);

create table budget_versions (
  budget_no text not null references budgets (budget_no),
  version bigint not null,
  amount_fen bigint not null,
  decided_by text not null,
  decided_at text not null,
  primary key (budget_no, version)
);

create table payment_batches (
  batch_no text primary key,
  message_no text not null unique,
  participant_no text not null,
  year text not null,
  fund_source text not null,
  status text not null check (status in ('OPEN', 'CLOSED', 'APPROVED', 'SENT', 'DONE')),
  content_digest text not null,
  digest text,
  payment_count bigint not null,
  control_sum_fen bigint not null check (control_sum_fen >= 0),
  created_by text not null,
  closed_by text,
  closed_at text,
  approved_by text,
  approved_at text,
  -- what was approved: the batch can never hold anything else afterwards
  approved_digest text,
  sent_at text,
  done_at text,
  left_out text not null,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (status in ('OPEN', 'CLOSED') or (approved_by is not null and closed_by is not null)),
  check (approved_by is null or approved_by <> closed_by),
  check (approved_by is null or approved_digest is not null),
  check (approved_digest is null or (digest is not null and approved_digest = digest))
);

create table payments (
  payment_no text primary key,
  batch_no text not null references payment_batches (batch_no),
  ordinal bigint not null,
  payee_kind text not null check (payee_kind in ('ENTERPRISE', 'GUARANTOR')),
  payee_uscc text not null,
  payee_name text not null,
  account_number text not null,
  gross_fen bigint not null check (gross_fen > 0),
  offset_fen bigint not null check (offset_fen >= 0),
  amount_fen bigint not null check (amount_fen >= 0),
  year text not null,
  fund_source text not null,
  status text not null check (status in ('GENERATED', 'SENT', 'PAID', 'RETURNED', 'UNKNOWN', 'REISSUED', 'CANCELLED')),
  reissue_of text references payments (payment_no),
  paid_date text,
  bank_reference text,
  return_reason text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (amount_fen = gross_fen - offset_fen)
);
create index payments_by_batch on payments (batch_no, ordinal);
create index payments_by_payee on payments (payee_uscc, payment_no);
create index payments_by_status on payments (status, payment_no);
-- A returned payment is issued again once.
create unique index payments_one_reissue on payments (reissue_of) where reissue_of is not null and status <> 'CANCELLED';

create table payment_items (
  payment_no text not null references payments (payment_no),
  line_no text not null,
  packet_no text not null,
  participant_no text not null,
  uscc text not null,
  amount_fen bigint not null check (amount_fen > 0),
  live bigint not null check (live in (0, 1)),
  primary key (payment_no, line_no)
);
-- A line is paid once, for ever: it stands in at most one live payment.
create unique index payment_items_one_live on payment_items (line_no) where live = 1;
create index payment_items_by_line on payment_items (line_no);

create table payment_results (
  payment_no text not null references payments (payment_no),
  status text not null check (status in ('PAID', 'RETURNED', 'UNKNOWN')),
  date text not null,
  bank_reference text not null,
  reason text,
  recorded_by text not null,
  recorded_at text not null,
  primary key (payment_no, status)
);

create table holds (
  hold_no text primary key,
  participant_no text not null,
  packet_no text,
  line_no text,
  uscc text,
  reason text not null,
  owner text,
  expires_on text,
  escalated_at text,
  status text not null check (status in ('OPEN', 'RELEASED')),
  placed_by text not null,
  release_reason text,
  released_by text,
  released_at text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (status <> 'RELEASED' or released_by is not null),
  check (released_by is null or released_by <> placed_by)
);
create index holds_open on holds (status, hold_no);

create table clawbacks (
  clawback_no text primary key,
  origin text not null check (origin in ('DERIVED', 'DECIDED')),
  kind text not null,
  chain text not null,
  line_no text not null,
  participant_no text not null,
  payee_kind text not null,
  payee_uscc text not null,
  uscc text not null,
  project_code text not null,
  amount_fen bigint not null check (amount_fen >= 0),
  offset_fen bigint not null check (offset_fen >= 0),
  reason text not null,
  status text not null check (status in ('OPEN', 'SETTLED', 'CANCELLED')),
  decided_by text not null,
  content_digest text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  check (offset_fen <= amount_fen)
);
create unique index clawbacks_one_derived on clawbacks (kind, uscc, project_code, chain) where status = 'OPEN' and origin = 'DERIVED';
create index clawbacks_by_payee on clawbacks (payee_uscc, clawback_no);
create index clawbacks_by_uscc on clawbacks (uscc, clawback_no);
create index clawbacks_by_participant on clawbacks (participant_no, clawback_no);
create index clawbacks_by_line on clawbacks (line_no);

create table payment_offsets (
  payment_no text not null references payments (payment_no),
  clawback_no text not null references clawbacks (clawback_no),
  amount_fen bigint not null check (amount_fen > 0),
  primary key (payment_no, clawback_no)
);
