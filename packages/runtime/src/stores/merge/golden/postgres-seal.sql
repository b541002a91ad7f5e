create table if not exists contributions (_batch integer not null, _fault varchar, _op smallint, _at bigint, _sequence bigint, _ordinal bigint, _copy integer, _present bit varying, c0 text collate "C", c1 text collate "C", c2 double precision, c3 text collate "C");

create index if not exists "contributions_batch" on contributions (_batch);

insert into contributions (_batch, _fault, _at, c0, c1) select 7, case when b."i""d" is null then 'keyMissing: i"d' when b."at" is null then 'eventTimeMissing: at' when not isfinite(b."at") then 'eventTimeInvalid: at' end, case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end, case when octet_length(b."i""d") = char_length(b."i""d") then b."i""d" else normalize(b."i""d", nfc) end, b."name"
  from (select 1) as b;

select _batch, sum(same) as row_count, coalesce(sum(same) filter (where sound), 0) as accepted, coalesce(sum(same - 1) filter (where sound), 0) as ties, min(_at) filter (where sound) as least_time, max(_at) filter (where sound) as greatest_time, coalesce(min(seq) filter (where sound), 0) as least_sequence, coalesce(max(seq) filter (where sound), 0) as greatest_sequence, count(*) filter (where sound and _op = 2) as deletes, count(*) filter (where sound and _op = 1) as retracts, coalesce(max(partial) filter (where sound), 0) as partial
  from (select _batch, _fault is null as sound, _at, 0 as seq, 0 as _op, 0 as partial, count(*) as same
  from contributions
  where _batch in (7)
  group by _batch, _fault is null, c0, _at) as positions
  group by _batch;

select distinct (jsonb_build_object('i"d', c0))::text as key_json
  from contributions
  where _batch = 7 and _fault is null
  group by c0, _at
  having count(*) > 1 and count(distinct row(c0, c1, c2, c3, _present)) > 1
  order by key_json limit 10;

update contributions set _copy = ranked.copy
  from (select ctid as id, row_number() over (partition by c0, _at, c0, c1, c2, c3, _present
  order by ctid) - 1 as copy
  from contributions
  where _batch = 7 and _fault is null) as ranked
  where contributions.ctid = ranked.id and ranked.copy > 0;

select case _batch when 7 then 'o''brien' end, _fault, (jsonb_build_object('i"d', c0, 'name', c1, 'amount', c2, 'note', c3))::text
  from contributions
  where _fault is not null and _batch in (7);
