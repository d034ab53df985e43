-- Renovation projects and financing needs, each with what every door brought.
create table projects (
  owner_uscc text not null,
  project_code text not null,
  name text,
  nature text,
  construction_site_region text,
  filing_authority text,
  filing_no text,
  filing_date text,
  total_investment_fen bigint,
  land_cost_fen bigint,
  equipment_cost_fen bigint,
  software_cost_fen bigint,
  network_cost_fen bigint,
  civil_works_cost_fen bigint,
  start_date text,
  planned_completion_date text,
  stage text,
  cluster_33618_code text,
  industry_code text,
  received_investment_grant bigint,
  library_entry text,
  library_status text check (library_status in ('APPLIED', 'DISTRICT_PASSED', 'LISTED', 'REJECTED', 'REMOVED')),
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  primary key (owner_uscc, project_code)
);
create index projects_by_code on projects (project_code, owner_uscc);
-- The order of their list.
create index projects_in_order on projects ((project_code || '|' || owner_uscc));

create table project_sources (
  owner_uscc text not null,
  project_code text not null,
  source_no text not null,
  source_role text not null,
  facts text not null,
  content_digest text not null,
  created_at text not null,
  updated_at text not null,
  primary key (owner_uscc, project_code, source_no)
);
create index project_sources_by_source on project_sources (source_no, project_code, owner_uscc);

-- open_key holds uscc and project while the need is open: no second open need of the same project, over all doors.
create table financing_needs (
  need_no text primary key,
  source text not null check (source in ('PARK_BATCH', 'ENTERPRISE_SELF', 'PARTNER_PLATFORM')),
  sender_no text not null,
  park_no text,
  uscc text not null,
  project_code text,
  project_name text,
  region_code text,
  amount_fen bigint not null check (amount_fen > 0),
  term_months bigint not null check (term_months > 0),
  purpose_code text not null,
  purpose_text text not null,
  demand_date text,
  wants_guarantee bigint not null,
  wants_lease bigint not null,
  is_green_loan bigint not null,
  wishes text,
  remarks text,
  authorization_no text not null references authorizations (authorization_no),
  status text not null check (status in ('DRAFT', 'SUBMITTED', 'REJECTED_BY_CHECK', 'MATCHED', 'PUSHED', 'PARTLY_FUNDED', 'FUNDED', 'CLOSED_UNFUNDED', 'WITHDRAWN')),
  unknown_rules text not null,
  fast_track text check (fast_track in ('GREEN', 'WHITELIST', 'EQUIPMENT_ONLY')),
  list_no text,
  row_id text,
  open_key text unique,
  match_again bigint not null default 0,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null
);
create index financing_needs_to_match on financing_needs (need_no) where status = 'SUBMITTED';
create index financing_needs_to_match_again on financing_needs (need_no) where match_again = 1;
create index financing_needs_matched_of_park on financing_needs (park_no) where status in ('MATCHED', 'PUSHED', 'PARTLY_FUNDED');
create index financing_needs_by_uscc on financing_needs (uscc, need_no);
create index financing_needs_by_authorization on financing_needs (authorization_no);

create table need_sources (
  need_no text not null references financing_needs (need_no),
  participant_no text not null,
  source text not null,
  uscc text not null,
  park_no text,
  reference text,
  project_code text,
  project_name text,
  region_code text,
  amount_fen bigint not null,
  term_months bigint not null,
  purpose_code text not null,
  purpose_text text not null,
  demand_date text,
  wants_guarantee bigint not null,
  wants_lease bigint not null,
  is_green_loan bigint not null,
  unknown_rules text not null,
  fast_track text,
  tags text not null,
  wishes text,
  remarks text,
  authorization_no text not null references authorizations (authorization_no),
  status text not null check (status in ('OPEN', 'WITHDRAWN')),
  list_no text,
  row_id text,
  content_digest text not null,
  created_at text not null,
  updated_at text not null,
  primary key (participant_no, need_no),
  unique (participant_no, reference)
);
create index need_sources_by_need on need_sources (need_no);
create index need_sources_by_uscc on need_sources (participant_no, uscc);
create index need_sources_by_list on need_sources (list_no, need_no) where list_no is not null;
create index need_sources_by_authorization on need_sources (authorization_no);

create table need_batches (
  participant_no text not null,
  batch_no text not null,
  content_digest text not null,
  answer text not null,
  created_at text not null,
  primary key (participant_no, batch_no)
);
