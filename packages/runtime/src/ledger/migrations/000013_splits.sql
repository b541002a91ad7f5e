-- Partitions of splittable assets that were made in slices of their input's rows.

-- How an attempt was split, and why. Written by the worker that holds the attempt: when it begins, and when its slices have ended well.
create table watersmeet.split (
  run_id bigint not null references watersmeet.run (id) on delete cascade,
  ordinal integer not null,
  attempt integer not null,
  environment text not null,
  asset text not null,
  partition text not null,
  -- Slices, and how many there should be by what was seen: plans follow by and by.
  parts smallint not null check (parts >= 1),
  wanted smallint not null check (wanted >= 1),
  -- Rows of the input that is sliced; of those of the other partitions, the median. Null: too few are known.
  row_count bigint not null check (row_count >= 0),
  median_rows double precision,
  expected_ms double precision,
  planned_at timestamptz not null default now(),
  -- Rows and milliseconds of each, largest first, those without rows left out. Null: they have not all ended well.
  slices jsonb,
  primary key (run_id, ordinal, attempt)
);
create index split_of_partition on watersmeet.split (environment, asset, partition, run_id desc);
