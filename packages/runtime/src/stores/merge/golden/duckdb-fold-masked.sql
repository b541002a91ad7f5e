select *, 1 + (case when r1 is not null and r1 is distinct from r0 then 1 else 0 end) + (case when r2 is not null and r2 is distinct from r0 and r2 is distinct from r1 then 1 else 0 end) + (case when r3 is not null and r3 is distinct from r0 and r3 is distinct from r1 and r3 is distinct from r2 then 1 else 0 end) as winners
  from (with e as (select t.rowid as _row, _batch, _op, _at, _present, case _batch when 1 then 0 when 2 then 1 end as _source, c0, c1, c2, c3, (coalesce(_at - 1000000 + 1, 0) * 6 + coalesce(_op, 0)::bigint + case _batch when 1 then 6000012 when 2 then 3 else 0 end)::bigint as w0, (coalesce(_at - 1000000 + 1, 0) * 12 + coalesce(_op, 0)::bigint + case _batch when 1 then 6 when 2 then 3 else 0 end)::bigint as w1
  from contributions as t
  where _batch in (1, 2)), d as (select c0, max(w1) as w
  from e
  where _op = 2
  group by c0), r as (select c0, _source, max(w1) as w
  from e
  where _op = 1
  group by c0, _source), u as (select e.*
  from e
  left join d on d.c0 = e.c0
  left join r on r.c0 = e.c0 and r._source = e._source
  where coalesce(e._op, 0) = 0 and (d.w is null or e.w1 > d.w) and (r.w is null or e.w1 > r.w)) select arg_max(_row, w0) as r0, arg_max(_row, w0) filter (where coalesce(get_bit(_present, 1), 1) = 1) as r1, arg_max(_row, w0) filter (where coalesce(get_bit(_present, 2), 1) = 1) as r2, arg_max(_row, w0) filter (where coalesce(get_bit(_present, 3), 1) = 1 and c3 is not null) as r3
  from u
  group by c0) as narrow;

select g0.c0 as "i""d", g1.c1 as "name", g2.c2 as "amount", g3.c3 as "note"
  from findings as m
  join contributions as g0 on g0.rowid = m.r0
  left join contributions as g1 on g1.rowid = m.r1
  left join contributions as g2 on g2.rowid = m.r2
  left join contributions as g3 on g3.rowid = m.r3;
