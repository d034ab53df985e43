-- Subsidy lines derived from accepted vouchers, and the packets that seal them for the auditor.

-- One row per derivation: whoever recomputes an enterprise project owns it for the unit.
create table derivations (
  uscc text not null,
  project_code text not null,
  kind text not null,
  revision bigint not null,
  policies text not null,
  enterprise_version bigint not null,
  derived_at text not null,
  primary key (uscc, project_code, kind)
);
create index derivations_by_policies on derivations (policies);

-- What a ceiling has granted: the belt under the pure derivation. Year is the calendar year, or LIFETIME; scope is empty for the
-- project's own ceiling and names the product or kind of a premium.
create table project_years (
  uscc text not null,
  project_code text not null,
  kind text not null check (kind in ('LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM')),
  year text not null,
  scope text not null default '',
  granted_fen bigint not null check (granted_fen >= 0),
  cap_fen bigint not null,
  updated_at text not null,
  primary key (uscc, project_code, kind, year, scope),
  check (granted_fen <= cap_fen)
);

create table subsidy_lines (
  line_no text primary key,
  kind text not null check (kind in ('LOAN_INTEREST', 'LEASE', 'GUARANTEE_FEE', 'PREMIUM')),
  participant_no text not null,
  payee_kind text not null check (payee_kind in ('ENTERPRISE', 'GUARANTOR')),
  payee_uscc text not null,
  uscc text not null,
  project_code text not null,
  year text not null,
  period text not null,
  chain text not null,
  voucher_number text not null,
  voucher_no text not null,
  contract_no text not null,
  paid_date text not null,
  order_key text not null,
  eligible_interest_fen bigint,
  formula_fen bigint not null check (formula_fen >= 0),
  granted_fen bigint not null check (granted_fen >= 0),
  amount_fen bigint not null check (amount_fen >= 0),
  uses text not null,
  trace text not null,
  policy_code text not null,
  policy_version text not null,
  status text not null check (status in ('BLOCKED', 'OPEN', 'FROZEN', 'SUPERSEDED')),
  blocked_by text not null,
  supplement_of text references subsidy_lines (line_no),
  packet_no text,
  recognised_fen bigint check (recognised_fen is null or (recognised_fen >= 0 and recognised_fen <= amount_fen)),
  authorization_no text,
  document_nos text not null,
  facts text not null,
  content_digest text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null
);
-- A voucher and its corrections have one line on the way at a time in each project: one that moves may be derived in the new one first.
create unique index subsidy_lines_one_open on subsidy_lines (kind, uscc, project_code, chain) where status in ('BLOCKED', 'OPEN');
create index subsidy_lines_blocked on subsidy_lines (uscc) where status = 'BLOCKED';
create index subsidy_lines_by_project on subsidy_lines (uscc, project_code, kind);
create index subsidy_lines_by_participant on subsidy_lines (participant_no, line_no);
create index subsidy_lines_by_packet on subsidy_lines (packet_no);
create index subsidy_lines_by_payee on subsidy_lines (payee_uscc, line_no);
create index subsidy_lines_by_status on subsidy_lines (status, line_no);
create index subsidy_lines_by_project_code on subsidy_lines (project_code);
-- What is recognised and not paid is found without opening the lines.
create index subsidy_lines_recognised on subsidy_lines (line_no, recognised_fen) where recognised_fen > 0;

create table subsidy_packets (
  packet_no text primary key,
  participant_no text not null,
  uscc text not null,
  project_code text not null,
  period text not null,
  kind text not null,
  sequence bigint not null,
  version bigint not null,
  revision bigint not null,
  status text not null check (status in ('DRAFT', 'SUBMITTED', 'IN_AUDIT', 'RETURNED', 'AUDITED', 'APPROVED', 'REJECTED')),
  digest text,
  claimed_fen bigint not null default 0,
  recognised_fen bigint,
  line_count bigint not null default 0,
  submitted_at text,
  auditor_no text,
  assigned_by text,
  assigned_at text,
  sample_seed_commitment text,
  audited_at text,
  approved_by text,
  approved_at text,
  return_reason text,
  returned_by text,
  created_at text not null,
  updated_at text not null,
  unique (participant_no, uscc, project_code, period, kind, sequence)
);
create index subsidy_packets_by_participant on subsidy_packets (participant_no, packet_no);
create index subsidy_packets_by_auditor on subsidy_packets (auditor_no, packet_no);
create index subsidy_packets_by_uscc on subsidy_packets (uscc, packet_no);
create index subsidy_packets_by_status on subsidy_packets (status, packet_no);

-- A sealed version never changes; its archive is rebuilt byte for byte from these texts and the stored documents.
create table packet_versions (
  packet_no text not null references subsidy_packets (packet_no),
  version bigint not null,
  digest text not null,
  manifest text not null,
  signature text not null,
  parts text not null,
  documents text not null,
  authorization_nos text not null,
  difference text,
  claimed_fen bigint not null,
  submitted_by text not null,
  submitted_by_user text,
  submitted_at text not null,
  primary key (packet_no, version)
);

-- Which sealed version holds a document: whoever may read the packet may read it.
create table packet_documents (
  document_no text not null,
  packet_no text not null references subsidy_packets (packet_no),
  version bigint not null,
  primary key (document_no, packet_no, version)
);

create table packet_lines (
  packet_no text not null references subsidy_packets (packet_no),
  version bigint not null,
  line_no text not null references subsidy_lines (line_no),
  ordinal bigint not null,
  claimed_fen bigint not null check (claimed_fen >= 0),
  recognised_fen bigint check (recognised_fen is null or (recognised_fen >= 0 and recognised_fen <= claimed_fen)),
  finding_code text,
  note text,
  primary key (packet_no, version, line_no)
);
create index packet_lines_by_line on packet_lines (line_no);

create table packet_questions (
  question_no text primary key,
  packet_no text not null references subsidy_packets (packet_no),
  version bigint not null,
  in_reply_to text references packet_questions (question_no),
  line_no text,
  body text not null,
  participant_no text not null,
  user_no text,
  created_at text not null
);
create index packet_questions_by_packet on packet_questions (packet_no, question_no);

create table packet_conclusions (
  conclusion_no text primary key,
  packet_no text not null references subsidy_packets (packet_no),
  version bigint not null,
  packet_digest text not null,
  auditor_no text not null,
  result text not null check (result in ('PASS', 'REDUCE', 'REJECT', 'RETURN_FOR_SUPPLEMENT')),
  lines text not null,
  recognised_fen bigint not null,
  conflict_of_interest_declared bigint not null,
  sample_seed text,
  status text not null check (status in ('PREPARED', 'CONFIRMED', 'REPLACED')),
  content_digest text not null,
  prepared_by text not null,
  prepared_at text not null,
  confirmed_by text,
  confirmed_at text,
  check (status <> 'CONFIRMED' or confirmed_by is not null),
  check (confirmed_by is null or confirmed_by <> prepared_by)
);
create index packet_conclusions_by_packet on packet_conclusions (packet_no, conclusion_no);
create unique index packet_conclusions_one_confirmed on packet_conclusions (packet_no, version) where status = 'CONFIRMED';

-- Who opened a sealed packet: part of the enterprise's list of disclosures, basis SETTLEMENT.
create table packet_reads (
  read_no text primary key,
  packet_no text not null,
  version bigint not null,
  authorization_no text not null,
  participant_no text not null,
  user_no text,
  part text not null,
  read_at text not null
);
create index packet_reads_by_authorization on packet_reads (authorization_no, read_no);
