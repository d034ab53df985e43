-- Oversight: post-loan reports of banks and parks with their warnings, self-assessments of parks.
create table post_loan_reports (
  number text primary key,
  participant_no text not null references participants (participant_no),
  business_no text not null,
  reporter_role text not null check (reporter_role in ('BANK', 'PARK')),
  iou_no text,
  uscc text not null,
  project_code text,
  as_of text not null,
  authorization_no text not null,
  body text not null,
  content_digest text not null,
  fund_use_tests text not null,
  warnings text not null,
  is_diverted bigint not null check (is_diverted in (0, 1)),
  hold_no text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  unique (participant_no, business_no)
);
create index post_loan_reports_own on post_loan_reports (participant_no, number);
create index post_loan_reports_by_uscc on post_loan_reports (uscc, number);

create table self_assessments (
  number text primary key,
  participant_no text not null references participants (participant_no),
  period text not null,
  revision bigint not null check (revision >= 1),
  correction_of text references self_assessments (number),
  status text not null check (status in ('SUBMITTED', 'SUPERSEDED')),
  body text not null,
  content_digest text not null,
  prefilled text not null,
  findings text not null,
  recorded_by text,
  version bigint not null,
  created_at text not null,
  updated_at text not null,
  unique (participant_no, period, revision)
);
create index self_assessments_own on self_assessments (participant_no, number);
create unique index self_assessments_one_current on self_assessments (participant_no, period) where status = 'SUBMITTED';
