-- Documents by participant and digest, the first use of each piece of evidence, and which project-years are to be derived again.
create table documents (
  document_no text primary key,
  participant_no text not null references participants (participant_no),
  sha256 text not null check (length(sha256) = 64),
  sm3 text,
  bytes bigint not null check (bytes > 0),
  media_type text not null,
  file_name text,
  created_at text not null,
  unique (participant_no, sha256)
);

-- One row per receipt, transaction or invoice: who used it first, and for what. The key is never shown to a second user.
create table evidence_uses (
  evidence_key text primary key,
  participant_no text not null,
  kind text not null,
  subject text not null,
  number text not null,
  created_at text not null
);

create table derivations_due (
  entry {{autonumber}},
  uscc text not null,
  project_code text not null,
  kind text not null,
  marked_at text not null
);
create index derivations_due_by_project on derivations_due (uscc, project_code, kind, entry);
