-- The journal as a Merkle tree (RFC 6962): hashes of complete subtrees, and the signed checkpoints over it.
create table tree_nodes (
  level bigint not null,
  place bigint not null,
  hash text not null,
  primary key (level, place)
);

create table checkpoints (
  size bigint primary key,
  root text not null,
  note text not null,
  signed_at text not null
);

-- How far each client has read the feed: the cursor it sent last.
create table feed_readers (
  participant_no text not null,
  reader text not null,
  client_id text not null,
  user_no text,
  after bigint not null,
  seen_at text not null,
  primary key (participant_no, reader)
);
