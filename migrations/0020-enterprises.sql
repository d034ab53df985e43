-- Enterprises as the hub knows them, and what each participant said about them.
create table enterprises (
  uscc text primary key,
  name text not null,
  region_code text,
  industry_code text,
  size_class text check (size_class in ('LARGE', 'MEDIUM', 'SMALL', 'MICRO')),
  employees bigint,
  revenue_fen bigint,
  tags text not null,
  contact_name text,
  contact_phone text,
  credit_checked_on text,
  dishonest bigint,
  source_no text not null,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null
);

create table enterprise_sources (
  uscc text not null,
  source_no text not null,
  name text not null,
  region_code text,
  industry_code text,
  size_class text,
  employees bigint,
  revenue_fen bigint,
  tags text not null,
  contact_name text,
  contact_phone text,
  created_at text not null,
  updated_at text not null,
  primary key (uscc, source_no)
);
create index enterprise_sources_by_source on enterprise_sources (source_no, uscc);
