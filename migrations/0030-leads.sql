-- Leads: what was released to whom, frozen at the push; why each institution got a need or not; the "3个1" clock and what happened.
create table leads (
  lead_no text primary key,
  need_no text not null,
  recipient_no text not null references participants (participant_no),
  recipient_kind text not null check (recipient_kind in ('BANK', 'GUARANTOR', 'LESSOR', 'PARTNER_PLATFORM')),
  uscc text not null,
  project_code text,
  authorization_no text not null,
  pushed_at text not null,
  expires_at text not null,
  authorization_until text not null,
  -- from this instant on nothing of the content leaves the hub: end of the authorization, withdrawal, or expiry
  content_until text not null,
  status text not null check (status in ('PUSHED', 'CONTACTED', 'PLAN_SUBMITTED', 'APPROVED', 'CONTRACT_SIGNED', 'DISBURSED', 'REJECTED', 'ABANDONED', 'EXPIRED', 'WITHDRAWN')),
  ended_at text,
  version bigint not null,
  updated_at text not null,
  -- what the filters look at; null or empty where the scope was not released
  amount_fen bigint not null check (amount_fen >= 0),
  purpose_code text not null,
  shown_uscc text,
  region_code text,
  tags text not null,
  fast_track text,
  project_stage text,
  cluster text,
  -- the frozen part: canonical JSON, its digest, the same fields flat; and the part that moves, ready to send
  disclosure text not null,
  disclosure_digest text not null,
  fields_released text not null,
  flat text not null,
  -- what a person is named by in the frozen part: sealed, with gaps left in its place
  personal text,
  head text not null,
  fresh_until text not null,
  reason text not null,
  -- the clock
  calendar_version text not null,
  calendar_provisional bigint not null check (calendar_provisional in (0, 1)),
  contact_due_date text not null,
  contacted_at text,
  approval_due_date text not null,
  decided_at text,
  approved_at text,
  disbursement_due_date text not null,
  disbursed_at text,
  pauses text not null,
  open_stage text check (open_stage in ('CONTACT', 'PLAN_AND_APPROVAL', 'DISBURSEMENT')),
  open_due_at text,
  reminded bigint not null check (reminded between 0 and 3),
  remind_at text,
  unique (need_no, recipient_no, authorization_no)
);
create index leads_inbox on leads (recipient_no, lead_no);
create index leads_until on leads (recipient_no, content_until, amount_fen);
create index leads_changed on leads (recipient_no, updated_at);
create index leads_by_authorization on leads (authorization_no);
create index leads_by_uscc on leads (uscc);
create index leads_approved on leads (recipient_no, uscc, project_code) where approved_at is not null;
create index leads_open on leads (open_due_at) where open_due_at is not null;
create index leads_to_remind on leads (remind_at) where remind_at is not null;
create index leads_to_expire on leads (content_until) where ended_at is null;
create index leads_by_calendar on leads (calendar_version) where open_stage is not null;

-- How many leads of an institution can be read until which day, and their sum: totals of its list without counting every lead.
create table lead_totals (
  recipient_no text not null references participants (participant_no),
  until_day text not null,
  leads bigint not null check (leads >= 0),
  amount_fen bigint not null check (amount_fen >= 0),
  primary key (recipient_no, until_day)
);

create table lead_events (
  lead_event_no text primary key,
  lead_no text not null references leads (lead_no),
  recipient_no text not null,
  type text not null,
  occurred_at text not null,
  recorded_at text not null,
  actor_user text,
  overdue bigint not null check (overdue in (0, 1)),
  -- a business number of the recipient: one drawdown is reported once, for ever
  iou_no text,
  content text not null,
  content_digest text not null,
  unique (recipient_no, iou_no)
);
create index lead_events_of_lead on lead_events (lead_no, lead_event_no, type);

create table need_recipients (
  need_no text not null,
  participant_no text not null references participants (participant_no),
  recipient_kind text not null,
  outcome text not null,
  reason text not null,
  reason_zh text not null,
  lead_no text,
  decided_at text not null,
  primary key (need_no, participant_no)
);
create index need_recipients_of_participant on need_recipients (participant_no, need_no);

-- Members of a park's consortia in force when its needs were last matched; a difference means: match again.
create table park_pairings (
  park_no text primary key references participants (participant_no),
  members text not null
);
