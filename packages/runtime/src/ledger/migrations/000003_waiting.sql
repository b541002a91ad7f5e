-- How merges wait for their branches.

-- Of a merge: its terms, as they were when the run was recorded, so that every worker applies the same ones. Null: not a merge.
alter table watersmeet.run_asset add column wait jsonb;

-- When the merge goes on without the branches that are not there; null: no branch is there yet, or the merge waits for all.
alter table watersmeet.step add column deadline_at timestamptz;
-- Why the merge went on without the newest work of some branches, as its cut says it.
alter table watersmeet.step add column decision jsonb;
create index step_deadline on watersmeet.step (deadline_at) where state = 'waiting' and deadline_at is not null;
