-- Working-day tables, one a year and version; the table loaded last for a year counts.
create table calendar_tables (
  calendar_no text primary key,
  year bigint not null,
  version text not null,
  source text not null,
  off_days text not null,
  make_up_work_days text not null,
  content_digest text not null,
  loaded_by text not null,
  created_at text not null,
  unique (year, version)
);
