-- Which code a worker has loaded: versions by asset. Null: it takes whatever it is given. Its stores, which it has not told until now, stand beside it.
alter table watersmeet.worker add column code_versions jsonb;
