with state as (select *
  from (select *, max(_at) over (partition by c0) as latest_at, max(coalesce(_sequence, 0)) over (partition by c0) as latest_sequence, row_number() over (partition by c0
  order by case _batch when 3 then 0 when 5 then 1 end desc, _at desc nulls last, coalesce(_sequence, 0) desc) as place
  from (select 1) as before
  where _fault is null) as ranked
  where place = 1) select count(*) as row_count
  from state
  where _op is null;

insert into contributions (_batch, _op, _at, _sequence, c0) with state as (select *
  from (select *, max(_at) over (partition by c0) as latest_at, max(coalesce(_sequence, 0)) over (partition by c0) as latest_sequence, row_number() over (partition by c0
  order by case _batch when 3 then 0 when 5 then 1 end desc, _at desc nulls last, coalesce(_sequence, 0) desc) as place
  from (select 1) as before
  where _fault is null) as ranked
  where place = 1) select 7, 1, s.latest_at, nullif(s.latest_sequence, 0), s.c0
  from state s
  where s._op is null and not exists (select 1
  from contributions t
  where t._batch in (7, 8) and t.c0 = s.c0);

delete
  from contributions
  where _batch in (7, 8) and rowid in (with state as (select *
  from (select *, max(_at) over (partition by c0) as latest_at, max(coalesce(_sequence, 0)) over (partition by c0) as latest_sequence, row_number() over (partition by c0
  order by case _batch when 3 then 0 when 5 then 1 end desc, _at desc nulls last, coalesce(_sequence, 0) desc) as place
  from (select 1) as before
  where _fault is null) as ranked
  where place = 1) select t.rowid
  from contributions t
  join state s on t.c0 = s.c0 and t._op is not distinct from s._op and t._at is not distinct from s._at and t._sequence is not distinct from s._sequence and t.c1 is not distinct from s.c1 and t.c2 is not distinct from s.c2 and t.c3 is not distinct from s.c3 and (t._present is not distinct from s._present or (coalesce(get_bit(t._present, 1), 1) = coalesce(get_bit(s._present, 1), 1) and coalesce(get_bit(t._present, 2), 1) = coalesce(get_bit(s._present, 2), 1)))
  where t._batch in (7, 8) and t._fault is null);
