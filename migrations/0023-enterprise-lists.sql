-- Lists of parks: the file as received, its rows as decided, and how far they were taken in.
create table enterprise_lists (
  list_no text primary key,
  park_no text not null references participants (participant_no),
  status text not null check (status in ('RECEIVED', 'READING', 'DECIDED', 'REFUSED')),
  form text not null check (form in ('FILE', 'JSON')),
  sha256 text not null,
  content_key text not null,
  file_name text not null,
  bytes bigint not null,
  corrects text references enterprise_lists (list_no),
  declared_row_count bigint,
  declared_amount text,
  sent_by text,
  reader text,
  rows_found bigint,
  rows_read bigint not null default 0,
  rows_taken_in bigint not null default 0,
  rows_total bigint,
  refusal text,
  sheets text not null,
  counts text,
  amount_accepted_fen bigint,
  version bigint not null default 1,
  created_at text not null,
  decided_at text,
  updated_at text not null,
  unique (content_key, park_no)
);
create index enterprise_lists_by_park on enterprise_lists (park_no, list_no);
create index enterprise_lists_to_read on enterprise_lists (list_no) where status in ('RECEIVED', 'READING');

-- waiting: decided to go in, not yet taken in; planned numbers become real when it is.
create table list_rows (
  row_id text primary key,
  list_no text not null references enterprise_lists (list_no),
  position bigint not null,
  sheet text,
  row_number bigint not null,
  outcome text not null check (outcome in ('ACCEPTED', 'ACCEPTED_WITH_REMARK', 'HELD', 'REJECTED', 'SKIPPED')),
  waiting bigint not null,
  uscc text,
  amount_fen bigint,
  content text not null,
  contact_name text,
  contact_phone text,
  normalised_from text not null,
  findings text not null,
  need_no text not null,
  authorization_no text not null,
  about_need text,
  keeps bigint not null,
  decision text,
  updated_at text not null,
  unique (list_no, position)
);
create index enterprise_lists_by_corrected on enterprise_lists (corrects) where corrects is not null;

-- about_need: in a correction the earlier need that the row is about; keeps: that need stays as it is.
create index list_rows_about_needs on list_rows (list_no, about_need) where about_need is not null;
create index list_rows_by_outcome on list_rows (list_no, outcome, position);
create index list_rows_held on list_rows (uscc) where outcome = 'HELD';
create index list_rows_waiting on list_rows (list_no, position) where waiting = 1;
