select *, 1 + (case when r1 is not null and r1 is distinct from r0 then 1 else 0 end) as winners
  from (with e as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select arg_max(_row, w0) as r0, arg_max(_row, w0) filter (where c3 is not null) as r1
  from u
  group by c0) as narrow;

select g0.c0 as "i""d", g0.c1 as "name", g0.c2 as "amount", g1.c3 as "note"
  from findings as m
  join contributions as g0 on g0.rowid = m.r0
  left join contributions as g1 on g1.rowid = m.r1;

with e as (select t.rowid as _row, _batch, _op, _at, _present, c0, c1, c2, c3, (case _batch when 1 then 2 when 2 then 1 else 0 end)::bigint as w0
  from contributions as t
  where _batch in (1, 2)), u as (select *
  from e) select json_object('i"d', c0)::varchar as key_json
  from u
  group by c0
  having (min(c1) <> max(c1) or count(c1) not in (0, count(*))) or (min(c2) <> max(c2) or count(c2) not in (0, count(*))) or (min(c3) filter (where c3 is not null) <> max(c3) filter (where c3 is not null) or count(c3) filter (where c3 is not null) not in (0, count(*) filter (where c3 is not null)))
  order by c0 limit 10;
