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
