insert into contributions (_batch, _fault, _at, _op, _sequence, _present, c0, c1, c2, c3) select case when case when b."i""d" is null then 'keyMissing: i"d' when b."op" not in ('upsert', 'retract', 'delete') then 'operationInvalid: op' when b."at" is null then 'eventTimeMissing: at' when not isfinite(b."at") then 'eventTimeInvalid: at' when case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end > 99 then 'eventTimeFuture: at' end is not null then 7 when case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end < 10 then 9 when case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end < 20 then 8 else 7 end, case when b."i""d" is null then 'keyMissing: i"d' when b."op" not in ('upsert', 'retract', 'delete') then 'operationInvalid: op' when b."at" is null then 'eventTimeMissing: at' when not isfinite(b."at") then 'eventTimeInvalid: at' when case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end > 99 then 'eventTimeFuture: at' end, case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end, case b."op" when 'retract' then 1 when 'delete' then 2 end, nullif(b."seq", 0), ('1' || case when (b."said" is null or jsonb_exists(b."said", 'name')) then '1' else '0' end || case when (b."said" is null or jsonb_exists(b."said", 'amount')) then '1' else '0' end || case when (b."said" is null or jsonb_exists(b."said", 'note')) and b."note" is not null then '1' else '0' end)::bit varying, case when octet_length(b."i""d") = char_length(b."i""d") then b."i""d" else normalize(b."i""d", nfc) end, case when (b."said" is null or jsonb_exists(b."said", 'name')) then b."name" end, case when (b."said" is null or jsonb_exists(b."said", 'amount')) then b."amount" end, case when (b."said" is null or jsonb_exists(b."said", 'note')) then b."note" end
  from (select 1) as b union all select 17, case when b."i""d" is null then 'keyMissing: i"d' when b."op" not in ('upsert', 'retract', 'delete') then 'operationInvalid: op' when b."at" is null then 'eventTimeMissing: at' when not isfinite(b."at") then 'eventTimeInvalid: at' when case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end > 99 then 'eventTimeFuture: at' end, case when isfinite(b."at") then (timestamptz_send(b."at")::int8 + 946684800000000) end, case b."op" when 'retract' then 1 when 'delete' then 2 end, nullif(b."seq", 0), ('1' || case when (b."said" is null or jsonb_exists(b."said", 'name')) then '1' else '0' end || case when (b."said" is null or jsonb_exists(b."said", 'amount')) then '1' else '0' end || case when (b."said" is null or jsonb_exists(b."said", 'note')) and b."note" is not null then '1' else '0' end)::bit varying, case when octet_length(b."i""d") = char_length(b."i""d") then b."i""d" else normalize(b."i""d", nfc) end, case when (b."said" is null or jsonb_exists(b."said", 'name')) then b."name" end, case when (b."said" is null or jsonb_exists(b."said", 'amount')) then b."amount" end, case when (b."said" is null or jsonb_exists(b."said", 'note')) then b."note" end
  from (select 2) as b;

select _batch, sum(same) as row_count, coalesce(sum(same) filter (where sound), 0) as accepted, coalesce(sum(same - 1) filter (where sound), 0) as ties, min(_at) filter (where sound) as least_time, max(_at) filter (where sound) as greatest_time, coalesce(min(seq) filter (where sound), 0) as least_sequence, coalesce(max(seq) filter (where sound), 0) as greatest_sequence, count(*) filter (where sound and _op = 2) as deletes, count(*) filter (where sound and _op = 1) as retracts, coalesce(max(partial) filter (where sound), 0) as partial
  from (select _batch, _fault is null as sound, _at, coalesce(_sequence, 0) as seq, _op, max(case when _present::varchar like '%0%' then 1 else 0 end) as partial, count(*) as same
  from contributions
  where _batch in (7, 17)
  group by _batch, _fault is null, c0, _at, _sequence, _op) as positions
  group by _batch;

select distinct (jsonb_build_object('i"d', c0))::text as key_json
  from contributions
  where _batch = 7 and _fault is null
  group by c0, _at, _sequence, _op
  having count(*) > 1 and count(distinct row(c0, c1, c2, c3, _present)) > 1
  order by key_json limit 10;

update contributions set _copy = ranked.copy
  from (select ctid as id, row_number() over (partition by c0, _at, _sequence, _op, c0, c1, c2, c3, _present
  order by ctid) - 1 as copy
  from contributions
  where _batch = 7 and _fault is null) as ranked
  where contributions.ctid = ranked.id and ranked.copy > 0;

select t._batch, case when t._at < 20 then 'beyondGrace' else 'onTime' end as class, count(*) as row_count
  from contributions as t
  where t._batch in (7) and t._fault is null
  group by 1, 2;

select t._batch, case when t._at < 20 then 'beyondGrace' else 'onTime' end as class, count(*) as row_count
  from contributions as t
  where t._batch in (7) and t._fault is null and not exists (select 1
  from (select 1) as s
  where t.c0 = s.c0 and t._op is not distinct from s._op and t._at is not distinct from s._at and t._sequence is not distinct from s._sequence and t.c1 is not distinct from s.c1 and t.c2 is not distinct from s.c2 and t.c3 is not distinct from s.c3 and (t._present is not distinct from s._present or (coalesce(get_bit(t._present, 1), 1) = coalesce(get_bit(s._present, 1), 1) and coalesce(get_bit(t._present, 2), 1) = coalesce(get_bit(s._present, 2), 1))))
  group by 1, 2;
