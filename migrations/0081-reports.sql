-- Reads of single cases by regulators, and what the reports look through by day.
create table regulator_reads (
  read_no text primary key,
  uscc text not null,
  participant_no text not null references participants (participant_no),
  user_no text not null,
  report text not null,
  period_from text not null,
  period_to text not null,
  case_no text not null,
  reason text not null,
  digest text not null,
  read_at text not null
);
create index regulator_reads_by_uscc on regulator_reads (uscc, read_no);

-- Reports that were asked for to be fetched later: made once, kept as they were.
create table report_results (
  result_no text primary key,
  participant_no text not null references participants (participant_no),
  principal text not null,
  report text not null,
  asked text not null,
  format text not null,
  status text not null check (status in ('WAITING', 'DONE', 'FAILED')),
  attempts bigint not null,
  failure text,
  bytes_base64 text,
  media_type text,
  file_name text,
  digest text,
  seq bigint,
  created_at text not null,
  made_at text,
  check ((status = 'DONE') = (bytes_base64 is not null)),
  check ((status = 'FAILED') = (failure is not null))
);
create index report_results_waiting on report_results (attempts, result_no) where status = 'WAITING';
create index report_results_by_day on report_results (created_at);

create index leads_by_push on leads (pushed_at);
create index leads_by_approval on leads (approved_at) where approved_at is not null;
create index drawdowns_by_day on drawdowns (disbursed_date);
create index financing_needs_by_day on financing_needs (created_at);
create index subsidy_lines_by_day on subsidy_lines (paid_date);
create index payments_by_day on payments (paid_date) where paid_date is not null;
