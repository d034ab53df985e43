-- Mandates of enterprises: who may receive which of their data, for what, until when.
create table authorizations (
  authorization_no text primary key,
  grantor_uscc text not null,
  grantor_name text not null,
  signer_name text,
  signer_role text,
  collector_no text,
  recipients text not null,
  scopes text not null,
  purposes text not null,
  covers_history_from text,
  valid_from text not null,
  valid_to text not null,
  method text not null check (method in ('E_SIGNATURE', 'SEAL_SCAN', 'PORTAL_CONFIRM', 'PARK_DECLARED')),
  evidence_digest text,
  document_no text,
  template_version text,
  grantee text,
  agent_proof_digest text,
  evidence_ref text,
  collected_at text,
  personal_info_consents text,
  status text not null check (status in ('PENDING', 'ACTIVE', 'WITHDRAWN', 'SUPERSEDED')),
  withdrawn_at text,
  withdrawal_reason text,
  list_no text,
  version bigint not null default 1,
  created_at text not null,
  updated_at text not null,
  check (valid_from < valid_to)
);
create index authorizations_by_grantor on authorizations (grantor_uscc, authorization_no);
create index authorizations_by_collector on authorizations (collector_no, authorization_no);
create index authorizations_handed_in_early on authorizations (valid_from) where created_at < valid_from;
